//! Durations as people say them.

use std::time::Duration;

/// A duration as people say it: `3 ms`, `1.2 s`, `5 min 3 s`.
#[must_use]
pub fn shortly(duration: Duration) -> String {
    let ms = duration.as_millis();
    match ms {
        0 if duration.is_zero() => "0 ms".to_owned(),
        0 => format!("{:.1} ms", duration.as_secs_f64() * 1000.0),
        1..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::nothing(0, "0 ms")]
    #[case::less_than_a_millisecond(400, "0.4 ms")]
    #[case::milliseconds(150_900, "150 ms")]
    #[case::seconds(60_049_000, "60.0 s")]
    #[case::minutes(303_000_000, "5 min 3 s")]
    fn a_duration_is_told_as_people_say_it(#[case] micros: u64, #[case] text: &str) {
        assert_eq!(shortly(Duration::from_micros(micros)), text);
    }
}
