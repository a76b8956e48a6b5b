//! Ways to slice an input, which have to change nothing. They follow from the input, so the same input is sliced the
//! same way on every run.

/// A few ways: octet by octet, in two anywhere, and in pieces of all lengths.
pub fn ways(octets: &[u8]) -> [Vec<&[u8]>; 3] {
    let mut chance = Chance::of(octets);
    let middle = chance.below(octets.len() + 1);
    let mut pieces = Vec::new();
    let mut rest = octets;
    while !rest.is_empty() {
        let longest = rest.len().min(1 << chance.below(10));
        let (piece, behind) = rest.split_at(1 + chance.below(longest));
        pieces.push(piece);
        rest = behind;
    }
    [octets.chunks(1).collect(), vec![&octets[..middle], &octets[middle..]], pieces]
}

/// Numbers that follow from an input: xorshift64, begun with the input's FNV-1a.
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    /// That of an input.
    pub fn of(octets: &[u8]) -> Self {
        let fnv = |hash: u64, octet: &u8| (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3);
        Self(octets.iter().fold(0xcbf2_9ce4_8422_2325, fnv).max(1))
    }

    /// A number below this one, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}
