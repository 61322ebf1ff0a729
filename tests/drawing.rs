//! What a drawing becomes, whoever draws it, wherever and however large.

use proptest::prelude::*;
use spiking_playground::digits::drawing::{BOX, PIXELS, SIDE, normalise, picture};

type Strokes = Vec<Vec<[f32; 2]>>;

/// A 4: two strokes, neither symmetric.
fn four() -> Strokes {
    vec![vec![[0.6, 0.2], [0.3, 0.6], [0.75, 0.6]], vec![[0.65, 0.35], [0.6, 0.5], [0.62, 0.85]]]
}

/// Strokes of which one fills at least a fifth of the pad: smaller ones are taken for dots that slipped.
fn drawings() -> impl Strategy<Value = Strokes> {
    let point = || [0.0f32..1.0, 0.0f32..1.0];
    let strokes = prop::collection::vec(prop::collection::vec(point(), 1..12), 1..4);
    strokes
        .prop_filter("is too small", |strokes| strokes.iter().any(|stroke| extent(std::slice::from_ref(stroke)) > 0.2))
}

fn extent(strokes: &[Vec<[f32; 2]>]) -> f32 {
    let along = |axis: usize| {
        let values = || strokes.iter().flatten().map(|point| point[axis]);
        values().fold(0.0, f32::max) - values().fold(1.0, f32::min)
    };
    along(0).max(along(1))
}

fn transform(strokes: &Strokes, scale: f32, shift: [f32; 2]) -> Strokes {
    let point = |p: &[f32; 2]| [p[0] * scale + shift[0], p[1] * scale + shift[1]];
    strokes.iter().map(|stroke| stroke.iter().map(point).collect()).collect()
}

/// The ink's (left, right, top, bottom), both ends included.
fn bounds(pixels: &[u8; PIXELS]) -> Option<[usize; 4]> {
    let inked = || (0..PIXELS).filter(|i| pixels[*i] > 0);
    let columns = || inked().map(|i| i % SIDE);
    Some([columns().min()?, columns().max()?, inked().next()? / SIDE, inked().next_back()? / SIDE])
}

fn centre_of_mass(pixels: &[u8; PIXELS]) -> [f64; 2] {
    let mass: f64 = pixels.iter().map(|p| f64::from(*p)).sum();
    let mean = |of: fn(usize) -> usize| (0..PIXELS).map(|i| of(i) as f64 * f64::from(pixels[i])).sum::<f64>() / mass;
    [mean(|i| i % SIDE), mean(|i| i / SIDE)]
}

/// Whether moving `a` by at most one pixel each way gives `b`, up to `tolerance` in the mean. The centre of mass is
/// rounded to whole pixels; where it is near the middle between two, an error of rounding decides.
fn alike(a: &[u8; PIXELS], b: &[u8; PIXELS], tolerance: f64) -> bool {
    let at = |x: usize, y: usize, dx: isize, dy: isize| {
        let inside = |value: usize, by: isize| value.checked_add_signed(by).filter(|moved| *moved < SIDE);
        inside(x, dx).zip(inside(y, dy)).map_or(0, |(x, y)| a[y * SIDE + x])
    };
    let differs = |dx: isize, dy: isize| {
        let pixel = |i: usize| f64::from(at(i % SIDE, i / SIDE, dx, dy).abs_diff(b[i]));
        (0..PIXELS).map(pixel).sum::<f64>() / PIXELS as f64
    };
    (-1..=1).any(|dx| (-1..=1).any(|dy| differs(dx, dy) <= tolerance))
}

proptest! {
    /// Tolerance: a sample of 64 in a pixel may fall to the other side of the pen's border (4 greys), in some pixels of
    /// the some 200 on the border; half a grey in the mean of all pixels is far below what a shift of the path would make.
    #[test]
    fn place_and_size_do_not_matter(strokes in drawings(), scale in 0.3f32..1.0, x in 0.0f32..1.0, y in 0.0f32..1.0) {
        let moved = transform(&strokes, scale, [x * (1.0 - scale), y * (1.0 - scale)]);
        prop_assert!(alike(&normalise(&strokes), &normalise(&moved), 0.5));
    }

    #[test]
    fn the_ink_fills_mnists_box_and_is_centred(strokes in drawings()) {
        let pixels = normalise(&strokes);
        let [left, right, top, bottom] = bounds(&pixels).unwrap();
        prop_assert_eq!((right - left + 1).max(bottom - top + 1), BOX);
        for centre in centre_of_mass(&pixels) {
            // Half a pixel by MNIST's rule; a box that would leave the frame is the exception, and no drawing is that
            // lopsided: its mass would have to lie in 6 of its 20 pixels.
            prop_assert!((13.5..=14.5).contains(&centre) || left == 0 || top == 0 || right == 27 || bottom == 27, "{}", centre);
        }
    }

    #[test]
    fn any_numbers_are_taken(strokes in prop::collection::vec(prop::collection::vec([any::<f32>(), any::<f32>()], 0..9), 0..5)) {
        let finite = strokes.iter().flatten().any(|point| point.iter().all(|value| value.is_finite()));
        prop_assert_eq!(bounds(&normalise(&strokes)).is_some(), finite);
    }

    #[test]
    fn a_picture_may_have_any_size(width in 0usize..70, height in 0usize..70, seed: u8, missing in 0usize..99) {
        let grey: Vec<u8> = (0..width * height).map(|i| if i % 7 < 2 { (i as u8).wrapping_mul(seed) } else { 0 }).collect();
        let pixels = picture(width, height, &grey[..grey.len().saturating_sub(missing)]);
        if let Some([left, right, top, bottom]) = bounds(&pixels) {
            prop_assert!(right - left < BOX && bottom - top < BOX);
        }
    }
}

#[test]
fn without_ink_all_is_zero() {
    assert_eq!(normalise(&[]), [0; PIXELS]);
    assert_eq!(normalise(&[vec![]]), [0; PIXELS]);
    assert_eq!(normalise(&[vec![[f32::NAN, 0.5], [f32::INFINITY, 0.5]]]), [0; PIXELS]);
    assert_eq!(picture(0, 0, &[]), [0; PIXELS]);
    assert_eq!(picture(5, 5, &[0; 25]), [0; PIXELS]);
}

#[test]
fn points_outside_are_on_the_border() {
    let outside = [vec![[0.5, -3.0], [0.5, 1e30], [f32::NAN, 0.0]]];
    assert_eq!(normalise(&outside), normalise(&[vec![[0.5, 0.0], [0.5, 1.0]]]));
}

#[test]
fn a_dot_stays_a_dot() {
    let dot = normalise(&[vec![[0.1, 0.9]]]);
    let ink = f64::from(dot.iter().map(|p| u32::from(*p)).sum::<u32>()) / 255.0;
    // The pen's area, π·1.25² = 4.9 pixels; a hand that shakes makes it little larger.
    assert!((ink - 4.9).abs() < 0.2, "{ink}");
    let shaken = normalise(&[vec![[0.1, 0.9], [0.103, 0.9]]]);
    assert!(bounds(&shaken).is_some_and(|[left, right, top, bottom]| right - left < 5 && bottom - top < 5));
}

#[test]
fn a_stroke_is_as_thick_as_mnists_whatever_the_size_of_the_drawing() {
    for size in [0.1f32, 0.3, 0.9] {
        let pixels = normalise(&[vec![[0.05, 0.05], [0.05, 0.05 + size]]]);
        let middle: u32 = pixels[14 * SIDE..15 * SIDE].iter().map(|p| u32::from(*p)).sum();
        // 2.5 pixels of ink across, to an eighth of a pixel on either side (the samples).
        assert!((middle as f64 / 255.0 - 2.5).abs() <= 0.25, "{size}: {middle}");
        let row = &pixels[14 * SIDE..15 * SIDE];
        assert!(row.iter().any(|p| (1..255).contains(p)), "without a grey rim: {row:?}");
    }
}

#[test]
fn a_picture_and_its_enlargement_are_the_same() {
    let small = normalise(&four());
    let large: Vec<u8> = (0..PIXELS * 25).map(|i| small[(i / (SIDE * 5)) / 5 * SIDE + (i % (SIDE * 5)) / 5]).collect();
    assert_eq!(picture(SIDE * 5, SIDE * 5, &large), small);
    assert_eq!(picture(SIDE, SIDE, &small), small); // what is normalised stays
}

/// With `mark` added to it, the drawing is the same picture.
fn ignores(drawing: &Strokes, mark: Vec<[f32; 2]>) -> bool {
    let marked = [drawing.clone(), vec![mark.clone()]].concat();
    let before = [vec![mark], drawing.clone()].concat();
    normalise(&marked) == normalise(drawing) && normalise(&before) == normalise(drawing)
}

#[test]
fn a_speck_far_from_a_small_digit_changes_nothing() {
    for scale in [0.25, 0.4, 0.6] {
        let digit = transform(&four(), scale, [0.1, 0.1]);
        // A tap, a hand that moved a little, two marks of it near each other.
        assert!(ignores(&digit, vec![[0.95, 0.95]]), "{scale}");
        assert!(ignores(&digit, vec![[0.95, 0.05], [0.96, 0.06], [0.955, 0.07]]), "{scale}");
        let both = [digit.clone(), vec![vec![[0.95, 0.93]], vec![[0.96, 0.95], [0.95, 0.96]]]].concat();
        assert_eq!(normalise(&both), normalise(&digit), "{scale}");
    }
}

#[test]
fn what_belongs_to_a_digit_stays() {
    let stays = |strokes: Strokes, what: &str| {
        for (at, stroke) in strokes.iter().enumerate() {
            let others: Strokes =
                strokes.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, s)| s.clone()).collect();
            assert_ne!(normalise(&strokes), normalise(&others), "{what}: stroke {stroke:?}");
        }
    };
    for scale in [0.2, 1.0] {
        let small = |strokes: Strokes| transform(&strokes, scale, [0.05, 0.05]);
        stays(small(four()), "the two strokes of a 4");
        // Its bar, its neck and its belly, with gaps between them.
        let belly = vec![[0.35, 0.5], [0.6, 0.48], [0.68, 0.65], [0.58, 0.85], [0.3, 0.84]];
        stays(small(vec![vec![[0.36, 0.15], [0.35, 0.42]], belly, vec![[0.45, 0.14], [0.7, 0.13]]]), "a 5");
        let bar = vec![[0.45, 0.5], [0.65, 0.5]];
        stays(small(vec![vec![[0.25, 0.15], [0.75, 0.15], [0.45, 0.9]], bar]), "the bar of a 7");
        stays(small(vec![vec![[0.5, 0.35], [0.5, 0.9]], vec![[0.5, 0.2]]]), "a stem with a dot");
        // A pen that often lost its contact: a 1 in pieces, one of them tiny.
        let pieces = [[0.1, 0.3], [0.36, 0.38], [0.45, 0.7], [0.75, 0.9]];
        stays(small(pieces.map(|[from, to]| vec![[0.5, from], [0.5, to]]).to_vec()), "a 1 in pieces");
        stays(small((0..12).map(|i| vec![[0.5, 0.1 + 0.07 * i as f32]]).collect()), "a 1 of dots");
    }
}
