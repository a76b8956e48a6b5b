//! Looking for octets in others that come piece by piece.

/// Octets that are looked for, by Knuth, Morris and Pratt: each octet that comes is looked at once, and none is kept. A
/// library's search wants them all in one piece.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    wanted: Vec<u8>,
    /// For each number of matched octets from 1: how many of the last ones are the first ones, too.
    borders: Vec<usize>,
    matched: usize,
}

impl Pattern {
    /// # Panics
    /// When nothing is wanted.
    pub(super) fn new(wanted: Vec<u8>) -> Self {
        assert!(!wanted.is_empty(), "no octets cannot be awaited");
        let mut borders = vec![0];
        for at in 1..wanted.len() {
            let border = longer(&wanted, &borders, borders[at - 1], wanted[at]);
            borders.push(border);
        }
        Self { wanted, borders, matched: 0 }
    }

    /// What comes now does not lie behind what came before.
    pub(super) fn reset(&mut self) {
        self.matched = 0;
    }

    /// Behind how many of these octets the pattern is first complete, if it is. Then nothing more may come.
    pub(super) fn push(&mut self, octets: &[u8]) -> Option<usize> {
        let complete = octets.iter().position(|octet| {
            self.matched = longer(&self.wanted, &self.borders, self.matched, *octet);
            self.matched == self.wanted.len()
        });
        complete.map(|at| at + 1)
    }
}

/// How many octets are matched when, after so many, this one comes.
fn longer(wanted: &[u8], borders: &[usize], mut matched: usize, octet: u8) -> usize {
    while matched > 0 && wanted[matched] != octet {
        matched = borders[matched - 1];
    }
    matched + usize::from(wanted[matched] == octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All texts of so many letters, of which there are two.
    fn texts(letters: u32) -> impl Iterator<Item = Vec<u8>> {
        (0..1_u32 << letters).map(move |bits| (0..letters).map(|at| b'a' + (bits >> at & 1) as u8).collect())
    }

    #[test]
    fn it_is_found_where_it_is_first_however_the_octets_are_sliced() {
        for wanted in (1..=5).flat_map(texts) {
            for text in texts(8) {
                let first = text.windows(wanted.len()).position(|window| window == wanted);
                let first = first.map(|at| at + wanted.len());
                for slice in 1..=8 {
                    let mut pattern = Pattern::new(wanted.clone());
                    let mut slices = text.chunks(slice).enumerate();
                    let found = slices.find_map(|(n, octets)| Some(n * slice + pattern.push(octets)?));
                    assert_eq!(found, first, "{wanted:?} in {text:?} by {slice}");
                }
            }
        }
    }

    #[test]
    fn it_is_not_made_of_what_does_not_lie_together() {
        let mut pattern = Pattern::new(b"ab".to_vec());
        assert_eq!(pattern.push(b"a"), None);
        pattern.reset();
        assert_eq!(pattern.push(b"bab"), Some(3));
    }
}
