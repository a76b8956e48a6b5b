//! temp
use crate::transcript::Transcript;
pub struct Redactions;
impl Redactions {
    pub fn all() -> Self {
        Self
    }
}
pub fn render(t: &Transcript, _: &Redactions) -> String {
    let mut s = String::new();
    for e in &t.events {
        s.push_str(&format!(
            "{} {} {}\n",
            e.step.0,
            t.lane_name(e.lane),
            match &e.what {
                crate::transcript::What::Octets(o) => crate::wire::notation::escape(o),
                o => format!("{o:?}"),
            }
        ));
    }
    s
}
