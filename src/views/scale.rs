//! The heatmap's printed scale: equal steps of a round size, green over yellow to red.

/// A colour: red, green, blue.
pub type Colour = (u8, u8, u8);

/// From little to much. All are bright enough for dark type (contrast above 4.5).
const COLOURS: [Colour; 7] = [
    (46, 184, 114),
    (124, 201, 106),
    (195, 212, 94),
    (245, 213, 71),
    (247, 177, 60),
    (240, 138, 60),
    (229, 83, 61),
];

/// Step sizes that read well.
const ROUND: [f64; 22] = [
    1.0, 2.0, 3.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 120.0, 150.0,
    200.0, 300.0, 500.0, 1000.0,
];

/// A scale of seven steps from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    step: f64,
    much_is_good: bool,
}

impl Scale {
    /// The smallest round scale that holds `most` in its seven steps.
    pub fn holding(most: f64) -> Self {
        let wanted = most / 7.0;
        let step = ROUND.into_iter().find(|step| step * 7.0 > most).unwrap_or(wanted.max(1.0));
        Self { step, much_is_good: false }
    }

    /// 0 to 100 %; `much_is_good` turns the colours round.
    pub fn percent(much_is_good: bool) -> Self {
        Self { step: 15.0, much_is_good }
    }

    /// The colour of `value`; what lies beyond an end takes the end's colour.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..7")]
    pub fn colour(self, value: f64) -> Colour {
        let step = (value / self.step).clamp(0.0, 6.0) as usize;
        COLOURS[if self.much_is_good { 6 - step } else { step }]
    }

    /// The steps as printed: colour and the value at which each begins.
    pub fn steps(self) -> Vec<(Colour, String)> {
        (0..7)
            .map(|at| f64::from(at) * self.step)
            .map(|from| (self.colour(from + self.step / 2.0), format!("{from:.0}")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_holds_its_greatest_value_in_round_steps() {
        let labels =
            |most| Scale::holding(most).steps().into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels(3.0), ["0", "1", "2", "3", "4", "5", "6"]);
        assert_eq!(labels(60.0), ["0", "10", "20", "30", "40", "50", "60"]);
        assert_eq!(labels(0.0)[1], "1");
    }

    #[test]
    fn little_is_green_and_much_is_red_unless_much_is_good() {
        let talk = Scale::holding(60.0);
        assert_eq!((talk.colour(0.0), talk.colour(99.0)), (COLOURS[0], COLOURS[6]));
        let level = Scale::percent(true);
        assert_eq!((level.colour(0.0), level.colour(100.0)), (COLOURS[6], COLOURS[0]));
    }
}
