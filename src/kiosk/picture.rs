//! A drawn picture: pixels, turned as the screen hangs, and as a PNG.

use super::KioskError;

/// How the screen hangs: by how much the picture is turned clockwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// As drawn.
    #[default]
    None,
    /// 90° clockwise.
    Right,
    /// Upside down.
    Half,
    /// 270° clockwise.
    Left,
}

impl Rotation {
    /// From degrees, of which there are four.
    pub fn from_degrees(degrees: u16) -> Option<Self> {
        match degrees {
            0 => Some(Self::None),
            90 => Some(Self::Right),
            180 => Some(Self::Half),
            270 => Some(Self::Left),
            _ => None,
        }
    }

    /// Whether width and height change places.
    pub(super) fn is_sideways(self) -> bool {
        matches!(self, Self::Right | Self::Left)
    }
}

/// RGB pixels, row by row from the top left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Three bytes a pixel.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// The picture as a PNG file.
    ///
    /// # Errors
    /// When the encoder refuses its size.
    pub fn png(&self) -> Result<Vec<u8>, KioskError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.rgb)?;
        writer.finish()?;
        Ok(bytes)
    }

    /// The picture turned.
    #[must_use]
    pub fn turned(self, rotation: Rotation) -> Self {
        if rotation == Rotation::None {
            return self;
        }
        let (width, height) = (self.width as usize, self.height as usize);
        let (to_width, to_height) = if rotation.is_sideways() { (height, width) } else { (width, height) };
        let mut rgb = Vec::with_capacity(self.rgb.len());
        for y in 0..to_height {
            for x in 0..to_width {
                let (from_x, from_y) = match rotation {
                    Rotation::None => (x, y),
                    Rotation::Right => (y, height - 1 - x),
                    Rotation::Half => (width - 1 - x, height - 1 - y),
                    Rotation::Left => (width - 1 - y, x),
                };
                let at = (from_y * width + from_x) * 3;
                rgb.extend_from_slice(&self.rgb[at..at + 3]);
            }
        }
        let (width, height) =
            if rotation.is_sideways() { (self.height, self.width) } else { (self.width, self.height) };
        Self { width, height, rgb }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two by one: red, blue.
    fn flag() -> Picture {
        Picture { width: 2, height: 1, rgb: vec![255, 0, 0, 0, 0, 255] }
    }

    #[test]
    fn a_picture_turns_clockwise() {
        let right = flag().turned(Rotation::Right);
        assert_eq!((right.width, right.height, &right.rgb[..3]), (1, 2, &[255, 0, 0][..]));
        assert_eq!(flag().turned(Rotation::Half).rgb, [0, 0, 255, 255, 0, 0]);
        assert_eq!(flag().turned(Rotation::Left).rgb, [0, 0, 255, 255, 0, 0]);
        assert_eq!(right.turned(Rotation::Left), flag());
    }

    #[test]
    fn a_png_starts_like_one() {
        assert_eq!(&flag().png().expect("a png")[..4], b"\x89PNG");
    }
}
