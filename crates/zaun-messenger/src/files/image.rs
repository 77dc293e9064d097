//! Pictures: decoding within limits, sizes as clients know them, stripped thumbnails. Pure computation; see
//! [`crate::files`] for where it runs.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageReader, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::limits::{IMAGE_MEMORY, IMAGE_RATIO, IMAGE_SIDES};
use crate::{Error, errors};

/// Sizes of photos in messages: type letter and the box that they fit into, in pixels.
const PHOTO_BOXES: [(&str, u32); 5] = [("s", 100), ("m", 320), ("x", 800), ("y", 1280), ("w", 2560)];
/// Sizes of profile photos, which are cut to squares.
const PROFILE_BOXES: [(&str, u32); 3] = [("a", 160), ("b", 320), ("c", 640)];
/// A profile photo must be at least so large, in pixels.
const PROFILE_MIN: u32 = 160;
/// The thumbnail of a document.
const THUMB_BOX: u32 = 320;
/// The stripped thumbnail.
const STRIPPED_BOX: u32 = 40;
/// JPEG quality of what is shown.
const QUALITY: u8 = 87;
/// JPEG quality whose tables are in the header that clients put before a stripped thumbnail.
const STRIPPED_QUALITY: u8 = 20;

/// One size of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scaled {
    /// Type letter (M-520).
    pub letter: &'static str,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The picture.
    pub jpeg: Vec<u8>,
}

/// A decoded picture, upright and without transparency.
#[derive(Debug, Clone)]
pub struct Picture {
    pixels: RgbImage,
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    tracing::debug!(%error, "an image could not be processed");
    Error::bad(errors::IMAGE_PROCESS_FAILED)
}

impl Picture {
    /// Decodes JPEG, PNG, WebP or GIF (its first frame), whatever the file is called. Refuses dimensions that no photo
    /// may have before it decodes (PHOTO_INVALID_DIMENSIONS), and what cannot be read (IMAGE_PROCESS_FAILED).
    pub fn decode(bytes: &[u8]) -> Result<Picture, Error> {
        let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(unreadable)?;
        let mut limits = image::Limits::default();
        limits.max_alloc = Some(IMAGE_MEMORY);
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(unreadable)?;
        let (width, height) = decoder.dimensions();
        let (short, long) = (width.min(height), width.max(height));
        if short == 0
            || width.saturating_add(height) > IMAGE_SIDES
            || long > short.saturating_mul(IMAGE_RATIO)
        {
            return Err(Error::bad(errors::PHOTO_INVALID_DIMENSIONS));
        }
        // A damaged orientation is no reason to refuse the picture.
        let orientation = decoder.orientation().ok();
        let mut decoded = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
        if let Some(orientation) = orientation {
            decoded.apply_orientation(orientation);
        }
        Ok(Picture { pixels: flatten(decoded) })
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn dimensions(&self) -> (u32, u32) {
        self.pixels.dimensions()
    }

    /// The sizes of a photo in a message, smallest first: every box that is smaller than the photo, and the next one
    /// with the photo as it is.
    pub fn photo_sizes(&self) -> Result<Vec<Scaled>, Error> {
        let (width, height) = self.dimensions();
        let long = width.max(height);
        let larger = PHOTO_BOXES.iter().filter(|(_, side)| *side < long).count();
        let boxes = PHOTO_BOXES.iter().take(larger + 1);
        boxes.map(|(letter, side)| self.fit(*side).encode(letter)).collect()
    }

    /// The sizes of a profile photo, smallest first, cut to the square in the middle.
    pub fn profile_sizes(&self) -> Result<Vec<Scaled>, Error> {
        let (width, height) = self.dimensions();
        let side = width.min(height);
        if side < PROFILE_MIN {
            return Err(Error::bad(errors::PHOTO_CROP_SIZE_SMALL));
        }
        let (x, y) = ((width - side) / 2, (height - side) / 2);
        let pixels = image::imageops::crop_imm(&self.pixels, x, y, side, side).to_image();
        let square = Picture { pixels };
        // All of them, however small the source: clients ask for the largest by its letter.
        PROFILE_BOXES.iter().map(|(letter, side)| square.fit(*side).encode(letter)).collect()
    }

    /// The thumbnail of a document.
    pub fn thumb(&self) -> Result<Scaled, Error> {
        self.fit(THUMB_BOX).encode("m")
    }

    /// The stripped thumbnail: 1, height, width, and what a JPEG has between its last header and its end. Clients
    /// put the rest before and after it, always the same.
    pub fn stripped(&self) -> Result<Vec<u8>, Error> {
        let small = self.fit(STRIPPED_BOX);
        let (width, height) = small.dimensions();
        let jpeg = small.jpeg(STRIPPED_QUALITY)?;
        let side = |pixels: u32| u8::try_from(pixels).map_err(unreadable);
        let mut out = vec![1, side(height)?, side(width)?];
        out.extend_from_slice(scan(&jpeg).ok_or_else(|| unreadable("no scan in our own JPEG"))?);
        Ok(out)
    }

    /// Shrinks to fit into a square; never enlarges.
    fn fit(&self, side: u32) -> Picture {
        let (width, height) = self.dimensions();
        let long = width.max(height);
        if long <= side {
            return self.clone();
        }
        let scale = |pixels: u32| (pixels * side + long / 2) / long;
        Picture { pixels: shrink(&self.pixels, scale(width).max(1), scale(height).max(1)) }
    }

    fn encode(&self, letter: &'static str) -> Result<Scaled, Error> {
        let (width, height) = self.dimensions();
        Ok(Scaled { letter, width, height, jpeg: self.jpeg(QUALITY)? })
    }

    fn jpeg(&self, quality: u8) -> Result<Vec<u8>, Error> {
        let (width, height) = self.dimensions();
        let side = |pixels: u32| u16::try_from(pixels).map_err(unreadable);
        let mut out = Vec::new();
        let mut encoder = Encoder::new(&mut out, quality);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder
            .encode(self.pixels.as_raw(), side(width)?, side(height)?, ColorType::Rgb)
            .map_err(unreadable)?;
        Ok(out)
    }
}

/// Puts what is transparent on white.
fn flatten(decoded: DynamicImage) -> RgbImage {
    if !decoded.color().has_alpha() {
        return decoded.into_rgb8();
    }
    let rgba = decoded.into_rgba8();
    let mut out = RgbImage::new(rgba.width(), rgba.height());
    for (to, from) in out.pixels_mut().zip(rgba.pixels()) {
        let [r, g, b, alpha] = from.0.map(u32::from);
        let over_white = |c: u32| u8::try_from((c * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(255);
        to.0 = [over_white(r), over_white(g), over_white(b)];
    }
    out
}

/// How one row or column of the source spreads over the target: the first target it covers, with its shares of that
/// one and of the next.
struct Share {
    first: usize,
    here: f32,
    next: f32,
}

fn shares(from: u32, to: u32) -> Vec<Share> {
    let step = f64::from(from) / f64::from(to);
    (0..from)
        .map(|n| {
            let first = (f64::from(n) / step) as u32;
            let here = (f64::from(first + 1) * step - f64::from(n)).clamp(0.0, 1.0);
            Share { first: first as usize, here: here as f32, next: (1.0 - here) as f32 }
        })
        .collect()
}

/// Shrinks by averaging areas, a row at a time, so that it needs no second picture of the source's size.
fn shrink(source: &RgbImage, width: u32, height: u32) -> RgbImage {
    let (columns, rows) = (shares(source.width(), width), shares(source.height(), height));
    let area =
        (f64::from(source.width()) / f64::from(width)) * (f64::from(source.height()) / f64::from(height));
    let scale = (1.0 / area) as f32;
    let mut out = RgbImage::new(width, height);
    let length = width as usize * 3;
    // One pixel more than the row, for the last column's share of what lies beyond it, which is rounding only.
    let (mut narrow, mut sum, mut next) = (vec![0f32; length + 3], vec![0f32; length], vec![0f32; length]);
    let mut target = out.chunks_exact_mut(length);
    let mut filling = 0;
    for (share, row) in rows.iter().zip(source.chunks_exact(source.width() as usize * 3)) {
        if share.first != filling {
            write_row(target.next(), &sum, scale);
            std::mem::swap(&mut sum, &mut next);
            next.fill(0.0);
            filling = share.first;
        }
        narrow.fill(0.0);
        for (column, pixel) in columns.iter().zip(row.chunks_exact(3)) {
            let Some(cells) = narrow.get_mut(column.first * 3..column.first * 3 + 6) else { continue };
            let (here, after) = cells.split_at_mut(3);
            for ((here, after), value) in here.iter_mut().zip(after).zip(pixel) {
                let value = f32::from(*value);
                *here += value * column.here;
                *after += value * column.next;
            }
        }
        for ((sum, next), value) in sum.iter_mut().zip(&mut next).zip(&narrow) {
            *sum += value * share.here;
            *next += value * share.next;
        }
    }
    write_row(target.next(), &sum, scale);
    out
}

fn write_row(row: Option<&mut [u8]>, sum: &[f32], scale: f32) {
    for (to, sum) in row.into_iter().flatten().zip(sum) {
        // A float beyond the range becomes the nearest end of it.
        *to = (sum * scale + 0.5) as u8;
    }
}

/// What lies between the scan header and the end marker of a baseline JPEG.
fn scan(jpeg: &[u8]) -> Option<&[u8]> {
    let mut rest = jpeg.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let (&[0xff, marker], after) = rest.split_first_chunk()? else { return None };
        let length = usize::from(u16::from_be_bytes(*after.first_chunk()?));
        rest = after.get(length..)?;
        if marker == 0xda {
            return rest.strip_suffix(&[0xff, 0xd9]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header that the official documentation tells clients to put before a stripped thumbnail; height and width
    /// belong at 164 and 166.
    const HEADER: &str = include_str!("stripped_header.hex");

    fn header(height: u8, width: u8) -> Vec<u8> {
        let digits: Vec<char> = HEADER.chars().filter(char::is_ascii_hexdigit).collect();
        let mut bytes: Vec<u8> =
            digits.chunks(2).map(|two| u8::from_str_radix(&String::from_iter(two), 16).unwrap()).collect();
        (bytes[164], bytes[166]) = (height, width);
        bytes
    }

    /// A picture in which every place differs from its neighbours, in three smooth gradients.
    fn gradient(width: u32, height: u32) -> Picture {
        let byte = |n: u32, of: u32| u8::try_from(n * 255 / of.max(2).wrapping_sub(1)).unwrap();
        let pixels = RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([byte(x, width), byte(y, height), byte((x + y) / 2, width.max(height))])
        });
        Picture { pixels }
    }

    fn png(picture: &Picture) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        picture.pixels.write_to(&mut out, image::ImageFormat::Png).unwrap();
        out.into_inner()
    }

    /// Largest difference of two pictures of one size.
    fn difference(a: &RgbImage, b: &RgbImage) -> u8 {
        assert_eq!(a.dimensions(), b.dimensions());
        a.iter().zip(b.iter()).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
    }

    #[test]
    fn a_stripped_thumbnail_decodes_behind_the_fixed_header() {
        for (width, height) in [(800, 600), (600, 800), (40, 40), (33, 7), (1, 1), (2000, 100)] {
            let picture = gradient(width, height);
            let stripped = picture.stripped().unwrap();
            let [1, high, wide, ..] = stripped[..] else { panic!("{stripped:?}") };
            assert!(high <= 40 && wide <= 40);
            let mut jpeg = header(high, wide);
            jpeg.extend_from_slice(&stripped[3..]);
            jpeg.extend_from_slice(&[0xff, 0xd9]);
            let decoded = Picture::decode(&jpeg).unwrap();
            let whole = picture.fit(STRIPPED_BOX).jpeg(STRIPPED_QUALITY).unwrap();
            assert_eq!(decoded.pixels, Picture::decode(&whole).unwrap().pixels, "{width}x{height}");
        }
    }

    #[test]
    fn our_headers_are_the_ones_that_clients_prepend() {
        let jpeg = gradient(40, 30).jpeg(STRIPPED_QUALITY).unwrap();
        let segments = |jpeg: &[u8]| {
            let (mut found, mut rest) = (Vec::new(), &jpeg[2..]);
            while let [0xff, marker, high, low, ..] = *rest {
                let length = usize::from(u16::from_be_bytes([high, low]));
                // The scan's data follows its header.
                found.push((marker, rest[4..2 + length].to_vec()));
                rest = if marker == 0xda { &[] } else { &rest[2 + length..] };
            }
            found.retain(|(marker, _)| *marker != 0xe0);
            // Encoders number the three components from 0 or from 1; the data does not depend on it.
            for (marker, body) in &mut found {
                let numbers: &[usize] = match marker {
                    0xc0 => &[6, 9, 12],
                    0xda => &[1, 3, 5],
                    _ => &[],
                };
                numbers.iter().for_each(|at| body[*at] = 0);
            }
            found.sort();
            found
        };
        assert_eq!(segments(&jpeg), segments(&header(30, 40)));
    }

    #[test]
    fn sizes_fit_their_boxes_and_nothing_is_enlarged() {
        let sizes = |width, height| {
            let sizes = gradient(width, height).photo_sizes().unwrap();
            sizes.iter().map(|s| (s.letter, s.width, s.height)).collect::<Vec<_>>()
        };
        assert_eq!(sizes(1000, 500), [("s", 100, 50), ("m", 320, 160), ("x", 800, 400), ("y", 1000, 500)]);
        assert_eq!(sizes(100, 90), [("s", 100, 90)]);
        assert_eq!(sizes(1, 1), [("s", 1, 1)]);
        assert_eq!(sizes(150, 3000).last(), Some(&("w", 128, 2560)));
    }

    #[test]
    fn profile_photos_are_squares() {
        let sizes = gradient(400, 900).profile_sizes().unwrap();
        let shape: Vec<_> = sizes.iter().map(|s| (s.letter, s.width, s.height)).collect();
        assert_eq!(shape, [("a", 160, 160), ("b", 320, 320), ("c", 400, 400)]);
        let small: Vec<_> =
            gradient(200, 200).profile_sizes().unwrap().iter().map(|s| (s.letter, s.width)).collect();
        assert_eq!(small, [("a", 160), ("b", 200), ("c", 200)]);
        assert!(gradient(159, 900).profile_sizes().is_err());
    }

    #[test]
    fn shrinking_keeps_the_mean_and_the_gradient() {
        let picture = gradient(997, 613);
        let small = picture.fit(320);
        assert_eq!(small.dimensions(), (320, 197));
        let largest = difference(&small.pixels, &gradient(320, 197).pixels);
        assert!(largest <= 3, "{largest}");
        let flat = Picture { pixels: RgbImage::from_pixel(777, 555, image::Rgb([200, 10, 255])) };
        assert!(flat.fit(100).pixels.pixels().all(|p| p.0 == [200, 10, 255]));
    }

    #[test]
    fn transparency_becomes_white() {
        let clear = image::RgbaImage::from_pixel(2, 2, image::Rgba([0, 0, 0, 0]));
        let mut file = Cursor::new(Vec::new());
        clear.write_to(&mut file, image::ImageFormat::Png).unwrap();
        let decoded = Picture::decode(file.get_ref()).unwrap();
        assert!(decoded.pixels.pixels().all(|p| p.0 == [255; 3]));
    }

    #[test]
    fn orientation_is_respected() {
        let mut jpeg = Vec::new();
        let mut encoder = Encoder::new(&mut jpeg, 95);
        // Little-endian TIFF with one entry: tag 0x0112 (orientation), a short, one of them, value 6 (turn right).
        let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        encoder.add_exif_metadata(exif).unwrap();
        let wide = gradient(64, 32);
        encoder.encode(wide.pixels.as_raw(), 64, 32, ColorType::Rgb).unwrap();
        let decoded = Picture::decode(&jpeg).unwrap();
        assert_eq!(decoded.dimensions(), (32, 64));
        // What was at the bottom left is at the top left now.
        let corner = decoded.pixels.get_pixel(0, 0).0;
        assert!(corner[0] < 40 && corner[1] > 215, "{corner:?}");
    }

    #[test]
    fn impossible_pictures_are_refused_by_name() {
        let refusal = |bytes: &[u8]| Picture::decode(bytes).err().unwrap().to_string();
        assert_eq!(refusal(b"no picture"), "400 IMAGE_PROCESS_FAILED");
        assert_eq!(refusal(b""), "400 IMAGE_PROCESS_FAILED");
        let mut cut = png(&gradient(50, 50));
        cut.truncate(200);
        assert_eq!(refusal(&cut), "400 IMAGE_PROCESS_FAILED");
        assert_eq!(refusal(&png(&gradient(210, 10))), "400 PHOTO_INVALID_DIMENSIONS");
        // A header that promises 60,000 × 60,000 pixels: refused before anything is allocated.
        let mut huge = png(&gradient(50, 50));
        huge[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        let text = refusal(&huge);
        assert!(text == "400 PHOTO_INVALID_DIMENSIONS" || text == "400 IMAGE_PROCESS_FAILED", "{text}");
    }
}
