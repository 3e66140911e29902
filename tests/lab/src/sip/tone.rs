//! Sound: sine tones in G.711 µ-law, and how much of a tone is in what was heard.

use std::f64::consts::TAU;

/// Samples per second of PCMU.
pub(crate) const RATE: f64 = 8000.0;

/// Sample `n` of a tone of `hertz`, at half of full scale.
pub(crate) fn sample(hertz: f64, n: u32) -> i16 {
    ((TAU * hertz * f64::from(n) / RATE).sin() * 16_000.0) as i16
}

/// One µ-law byte.
pub(crate) fn encode(linear: i16) -> u8 {
    let sign = if linear < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(linear).abs().min(32_635) + 132;
    // The position of the highest bit names the segment; 132 makes it at least 7.
    let exponent = (31 - magnitude.leading_zeros() as i32) - 7;
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    !(sign | ((exponent as u8) << 4) | mantissa as u8)
}

/// The linear value of one µ-law byte.
pub(crate) fn decode(byte: u8) -> i16 {
    let byte = !byte;
    let magnitude = ((i32::from(byte & 0x0f) << 3) + 132) << ((byte >> 4) & 7);
    let linear = (magnitude - 132) as i16;
    if byte & 0x80 == 0 { linear } else { -linear }
}

/// How loud a tone is in `samples`, in dB against the tone that phones send; −80 at the least.
pub(crate) fn level(samples: &[i16], hertz: f64) -> f64 {
    if samples.is_empty() {
        return -80.0;
    }
    let (mut sine, mut cosine) = (0.0, 0.0);
    for (n, value) in samples.iter().enumerate() {
        let angle = TAU * hertz * n as f64 / RATE;
        sine += f64::from(*value) * angle.sin();
        cosine += f64::from(*value) * angle.cos();
    }
    let amplitude = 2.0 * sine.hypot(cosine) / samples.len() as f64;
    (20.0 * (amplitude / 16_000.0).max(1e-9).log10()).max(-80.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_survives_the_codec_and_others_are_not_heard() {
        let heard: Vec<i16> = (0..4000).map(|n| decode(encode(sample(1000.0, n)))).collect();
        assert!(level(&heard, 1000.0).abs() < 0.5, "{}", level(&heard, 1000.0));
        assert!(level(&heard, 440.0) < -30.0, "{}", level(&heard, 440.0));
        assert!((level(&[], 440.0) + 80.0).abs() < f64::EPSILON);
    }

    #[test]
    fn known_bytes() {
        assert_eq!((encode(0), decode(0xff)), (0xff, 0));
        assert_eq!((encode(32_000), encode(-32_000)), (0x80, 0x00));
    }
}
