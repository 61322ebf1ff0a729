//! Imitated photos: digits as a pen writes them, on paper and boards as a phone or a scanner sees them. Everything is a
//! function of the numbers given, so a failure can be repeated.

use image::{DynamicImage, GrayImage, Luma};

/// Random numbers for the pictures (a 64-bit linear congruential generator, Knuth's constants).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678_9abc_def1);
        for _ in 0..4 {
            random.unit();
        }
        random
    }
    /// 0 to 1.
    pub fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }
    pub fn within(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }
    /// A normal deviate, by a sum of twelve.
    pub fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.unit()).sum::<f32>() - 6.0
    }
}

type Stroke = Vec<[f32; 2]>;

fn arc(cx: f32, cy: f32, rx: f32, ry: f32, from: f32, to: f32) -> Stroke {
    (0..=24)
        .map(|i| {
            let a = (from + (to - from) * i as f32 / 24.0).to_radians();
            [cx + rx * a.cos(), cy + ry * a.sin()]
        })
        .collect()
}

/// A digit's strokes in a box of height 1 and width of some 0.65; y downwards.
pub fn strokes(digit: u8) -> Vec<Stroke> {
    let join = |parts: Vec<Stroke>| vec![parts.concat()];
    match digit {
        0 => vec![arc(0.32, 0.5, 0.32, 0.5, -90.0, 270.0)],
        1 => vec![vec![[0.12, 0.22], [0.32, 0.0], [0.32, 1.0]]],
        2 => join(vec![arc(0.32, 0.29, 0.3, 0.29, 190.0, 380.0), vec![[0.03, 1.0], [0.65, 1.0]]]),
        3 => join(vec![arc(0.3, 0.25, 0.28, 0.25, 200.0, 450.0), arc(0.3, 0.74, 0.33, 0.26, -90.0, 155.0)]),
        4 => vec![vec![[0.45, 1.0], [0.45, 0.0], [0.0, 0.66], [0.68, 0.66]]],
        5 => join(vec![vec![[0.6, 0.0], [0.1, 0.0], [0.06, 0.45]], arc(0.3, 0.68, 0.32, 0.32, 228.0, 505.0)]),
        6 => join(vec![vec![[0.5, 0.0], [0.25, 0.25], [0.08, 0.5]], arc(0.32, 0.7, 0.29, 0.3, 190.0, 560.0)]),
        7 => vec![vec![[0.0, 0.0], [0.65, 0.0], [0.25, 1.0]]],
        8 => join(vec![arc(0.32, 0.26, 0.26, 0.26, 90.0, 450.0), arc(0.32, 0.75, 0.32, 0.25, -90.0, 270.0)]),
        _ => join(vec![arc(0.3, 0.29, 0.28, 0.29, 0.0, -360.0), vec![[0.58, 0.29], [0.52, 0.65], [0.4, 1.0]]]),
    }
}

/// A sheet of paper in reflectances, and what lies on it.
#[derive(Clone)]
pub struct Sheet {
    pub width: usize,
    pub height: usize,
    pub values: Vec<f32>,
}

impl Sheet {
    pub fn new(width: usize, height: usize, value: f32) -> Self {
        Self { width, height, values: vec![value; width * height] }
    }
    pub fn map(&mut self, f: impl Fn(f32, f32, f32) -> f32) {
        for y in 0..self.height {
            for x in 0..self.width {
                let value = &mut self.values[y * self.width + x];
                *value = f(x as f32 / self.width as f32, y as f32 / self.height as f32, *value);
            }
        }
    }
    /// Draws strokes (in pixels) with a pen of `radius` pixels that leaves `ink`.
    pub fn draw(&mut self, strokes: &[Stroke], radius: f32, ink: f32) {
        let mut cover = vec![0.0f32; self.values.len()];
        for stroke in strokes {
            let pairs: Vec<_> = if stroke.len() == 1 {
                vec![(stroke[0], stroke[0])]
            } else {
                stroke.windows(2).map(|w| (w[0], w[1])).collect()
            };
            for (a, b) in pairs {
                let d = [b[0] - a[0], b[1] - a[1]];
                let l2 = d[0] * d[0] + d[1] * d[1];
                let range = |i: usize, size: usize| {
                    let low = (a[i].min(b[i]) - radius - 1.0).max(0.0) as usize;
                    let high = ((a[i].max(b[i]) + radius + 2.0).max(0.0) as usize).min(size);
                    low..high
                };
                for y in range(1, self.height) {
                    for x in range(0, self.width) {
                        let p = [x as f32 + 0.5 - a[0], y as f32 + 0.5 - a[1]];
                        let t = if l2 > 0.0 { ((p[0] * d[0] + p[1] * d[1]) / l2).clamp(0.0, 1.0) } else { 0.0 };
                        let q = [p[0] - t * d[0], p[1] - t * d[1]];
                        let c = (radius + 0.5 - (q[0] * q[0] + q[1] * q[1]).sqrt()).clamp(0.0, 1.0);
                        let place = &mut cover[y * self.width + x];
                        *place = place.max(c);
                    }
                }
            }
        }
        for (value, c) in self.values.iter_mut().zip(cover) {
            *value += (ink - *value) * c;
        }
    }
    /// Blurs with a box of `radius`, twice.
    pub fn blur(&mut self, radius: usize) {
        if radius == 0 {
            return;
        }
        for _ in 0..2 {
            for pass in 0..2 {
                let (n, m) = if pass == 0 { (self.width, self.height) } else { (self.height, self.width) };
                let old = self.values.clone();
                for j in 0..m {
                    for i in 0..n {
                        let (mut sum, mut count) = (0.0, 0.0);
                        for k in i.saturating_sub(radius)..(i + radius + 1).min(n) {
                            sum += old[if pass == 0 { j * n + k } else { k * m + j }];
                            count += 1.0;
                        }
                        self.values[if pass == 0 { j * n + i } else { i * m + j }] = sum / count;
                    }
                }
            }
        }
    }
    pub fn noise(&mut self, random: &mut Random, deviation: f32) {
        self.values.iter_mut().for_each(|value| *value += deviation * random.normal());
    }
    pub fn grey(&self) -> GrayImage {
        GrayImage::from_fn(self.width as u32, self.height as u32, |x, y| {
            Luma([self.values[y as usize * self.width + x as usize].round().clamp(0.0, 255.0) as u8])
        })
    }
}

pub const KINDS: &[&str] = &[
    "flat",
    "noise",
    "gradient",
    "lamp",
    "dim",
    "dark-room",
    "pencil",
    "ruled",
    "squared",
    "blackboard",
    "soft-shadow",
    "table",
    "scan",
    "dust",
    "page-number",
    "screenshot",
    "letterbox",
    "black-canvas",
    "frame",
    "whiteboard",
    "two-shadows",
    "margin-line",
    "wood-table",
    "rotated",
];

/// A photo of a digit; `height` is the digit's part of the picture's height.
pub fn photo(kind: &str, digit: u8, height: f32, seed: u64) -> DynamicImage {
    let mut random = Random::new(seed ^ (u64::from(digit) << 20) ^ ((height * 1000.0) as u64) << 30);
    let (w, h) = (300usize, 400usize);
    let shape = strokes(digit);
    let slant = random.within(-0.12, 0.12);
    let angle = if kind == "rotated" { random.within(-0.14, 0.14) } else { random.within(-0.04, 0.04) };
    let tall = height * h as f32;
    let radius = tall * random.within(0.02, 0.06);
    let free = |size: f32, own: f32| ((size - own) / 2.0 - radius - 4.0).max(0.0);
    let (mut cx, mut cy) = (
        0.5 * w as f32 + random.within(-1.0, 1.0) * 0.6 * free(w as f32, 0.7 * tall),
        0.5 * h as f32 + random.within(-1.0, 1.0) * 0.6 * free(h as f32, tall),
    );
    if kind == "page-number" {
        cx = 0.5 * w as f32;
        cy = 0.46 * h as f32;
    }
    let place = |p: &[f32; 2]| {
        let (x, y) = (p[0] - 0.33 - slant * (p[1] - 0.5), p[1] - 0.5);
        [cx + tall * (x * angle.cos() - y * angle.sin()), cy + tall * (x * angle.sin() + y * angle.cos())]
    };
    let shape: Vec<Stroke> = shape.iter().map(|s| s.iter().map(place).collect()).collect();
    let paper = random.within(205.0, 235.0);
    let ink = random.within(25.0, 70.0);
    let mut sheet = Sheet::new(w, h, paper);
    match kind {
        "ruled" | "squared" | "margin-line" => {
            let gap = random.within(16.0, 26.0);
            let line = paper - random.within(25.0, 60.0);
            let tilt = random.within(-0.01, 0.01);
            let off = random.within(0.0, gap);
            for i in 0..(h as f32 / gap) as usize + 2 {
                let y = off + gap * i as f32;
                sheet.draw(&[vec![[-5.0, y], [w as f32 + 5.0, y + tilt * w as f32]]], 0.6, line);
            }
            if kind == "squared" {
                for i in 0..(w as f32 / gap) as usize + 2 {
                    let x = off + gap * i as f32;
                    sheet.draw(&[vec![[x, -5.0], [x - tilt * h as f32, h as f32 + 5.0]]], 0.6, line);
                }
            }
            if kind == "margin-line" {
                let x = 0.12 * w as f32;
                sheet.draw(&[vec![[x, -5.0], [x, h as f32 + 5.0]]], 1.0, paper - 90.0);
            }
        }
        _ => {}
    }
    match kind {
        "pencil" => {
            sheet.draw(&shape, radius * 0.7, paper - random.within(45.0, 80.0));
            // A pencil's line is grainy.
            let mut grain = Random::new(seed ^ 77);
            sheet.values.iter_mut().filter(|v| **v < paper - 5.0).for_each(|v| *v += 14.0 * grain.normal());
        }
        "blackboard" => {
            let board = random.within(35.0, 65.0);
            sheet = Sheet::new(w, h, board);
            let mut grain = Random::new(seed ^ 99);
            let phase = grain.within(0.0, 6.0);
            sheet.map(|x, y, v| v + 6.0 * (9.0 * x + 4.0 * y + phase).sin() + 5.0 * (3.0 * x - 7.0 * y).cos());
            sheet.draw(&shape, radius, random.within(190.0, 235.0));
        }
        "whiteboard" => {
            sheet = Sheet::new(w, h, 225.0);
            sheet.map(|x, y, v| v + 28.0 * (-((x - 0.7) * (x - 0.7) + (y - 0.2) * (y - 0.2)) * 20.0).exp());
            sheet.draw(&shape, radius, 60.0);
        }
        _ => sheet.draw(&shape, radius, ink),
    }
    match kind {
        "gradient" => {
            let (a, b) = (random.within(-0.45, 0.45), random.within(-0.45, 0.45));
            sheet.map(|x, y, v| v * (0.75 + a * (x - 0.5) + b * (y - 0.5)));
        }
        "lamp" => {
            let (x0, y0) = (random.within(0.1, 0.9), random.within(0.1, 0.9));
            sheet.map(|x, y, v| v * (0.35 + 0.75 * (-((x - x0).powi(2) + (y - y0).powi(2)) * 2.5).exp()));
        }
        "dim" => {
            let f = random.within(0.4, 0.55);
            sheet.map(|_, _, v| v * f);
            sheet.noise(&mut random, 2.0);
        }
        "dark-room" => {
            let f = random.within(0.18, 0.3);
            sheet.map(|x, _, v| v * f * (1.0 - 0.3 * x));
            sheet.noise(&mut random, 4.0);
        }
        "soft-shadow" | "two-shadows" => {
            for _ in 0..if kind == "soft-shadow" { 1 } else { 2 } {
                let (x0, y0, r, f) = (
                    random.within(0.0, 1.0),
                    random.within(0.4, 1.1),
                    random.within(0.25, 0.5),
                    random.within(0.5, 0.7),
                );
                let soft = random.within(0.02, 0.08);
                sheet.map(|x, y, v| {
                    let d = ((x - x0).powi(2) + ((y - y0) * 1.3).powi(2)).sqrt();
                    v * (1.0 - (1.0 - f) * ((r - d) / soft + 0.5).clamp(0.0, 1.0))
                });
            }
        }
        "scan" => {
            let (l, t) = (random.within(0.0, 0.04), random.within(0.01, 0.05));
            let right = random.unit() < 0.5;
            sheet.map(|x, y, v| if y < t || (if right { 1.0 - x } else { x }) < l { 15.0 } else { v });
        }
        "dust" => {
            for _ in 0..40 {
                let p = [random.within(0.0, w as f32), random.within(0.0, h as f32)];
                let r = random.within(0.4, 1.6);
                sheet.draw(&[vec![p]], r, random.within(30.0, 120.0));
            }
        }
        "page-number" => {
            let number = strokes((digit + 3) % 10);
            let at = random.within(0.4, 0.6);
            let small: Vec<Stroke> = number
                .iter()
                .map(|s| s.iter().map(|p| [at * w as f32 + 14.0 * p[0], h as f32 - 24.0 + 14.0 * p[1]]).collect())
                .collect();
            sheet.draw(&small, 1.0, 30.0);
            let small: Vec<Stroke> = small.iter().map(|s| s.iter().map(|p| [p[0] + 14.0, p[1]]).collect()).collect();
            sheet.draw(&small, 1.0, 30.0);
        }
        _ => {}
    }
    if kind != "black-canvas" && kind != "frame" {
        sheet.blur(1);
    }
    let mut out = sheet;
    match kind {
        "table" | "wood-table" => {
            // The sheet, smaller and turned, on a table.
            let (a, s) = (random.within(-0.2, 0.2), random.within(0.62, 0.8));
            let table = if random.unit() < 0.7 { random.within(40.0, 90.0) } else { random.within(110.0, 150.0) };
            let mut big = Sheet::new(w, h, table);
            let (ox, oy) = (random.within(-15.0, 15.0), random.within(-15.0, 15.0));
            for y in 0..h {
                for x in 0..w {
                    let (dx, dy) = (x as f32 - w as f32 / 2.0 - ox, y as f32 - h as f32 / 2.0 - oy);
                    let (u, v) = (
                        (dx * a.cos() + dy * a.sin()) / s + w as f32 / 2.0,
                        (-dx * a.sin() + dy * a.cos()) / s + h as f32 / 2.0,
                    );
                    let value = &mut big.values[y * w + x];
                    if kind == "wood-table" {
                        *value += 14.0 * (0.35 * y as f32 + 3.0 * (0.02 * x as f32).sin()).sin();
                    }
                    if u >= 0.0 && v >= 0.0 && u < w as f32 - 1.0 && v < h as f32 - 1.0 {
                        let (i, j) = (u as usize, v as usize);
                        let (fu, fv) = (u - i as f32, v - j as f32);
                        let g = |i: usize, j: usize| out.values[j * w + i];
                        *value = (g(i, j) * (1.0 - fu) + g(i + 1, j) * fu) * (1.0 - fv)
                            + (g(i, j + 1) * (1.0 - fu) + g(i + 1, j + 1) * fu) * fv;
                    }
                }
            }
            big.blur(1);
            out = big;
        }
        "screenshot" => {
            // A phone's screenshot: bars above and below, with small things in them.
            let mut big = Sheet::new(w, 600, 250.0);
            let bar = if random.unit() < 0.5 { 30.0 } else { 245.0 };
            for y in 0..600 {
                for x in 0..w {
                    big.values[y * w + x] = if !(60..540).contains(&y) {
                        bar
                    } else if (100..500).contains(&y) {
                        out.values[(y - 100) * w + x]
                    } else {
                        250.0
                    };
                }
            }
            let mark = 255.0 - bar;
            for i in 0..4 {
                big.draw(&[vec![[20.0 + 18.0 * i as f32, 25.0], [20.0 + 18.0 * i as f32, 37.0]]], 2.0, mark);
            }
            big.draw(&[vec![[250.0, 30.0], [275.0, 30.0]]], 5.0, mark);
            for i in 0..3 {
                big.draw(&[vec![[75.0 * (i + 1) as f32, 570.0]]], 9.0, mark);
            }
            out = big;
        }
        "letterbox" => {
            let mut big = Sheet::new(w + 160, h, 0.0);
            for y in 0..h {
                for x in 0..w {
                    big.values[y * (w + 160) + x + 80] = out.values[y * w + x];
                }
            }
            out = big;
        }
        "black-canvas" => {
            // A drawing program's white on black, in a white page.
            let margin = random.within(20.0, 60.0) as usize;
            let mut big = Sheet::new(w + 2 * margin, h + 2 * margin, 255.0);
            let width = w + 2 * margin;
            let mut canvas = Sheet::new(w, h, 0.0);
            canvas.draw(&shape, radius, 255.0);
            for y in 0..h {
                for x in 0..w {
                    big.values[(y + margin) * width + x + margin] = canvas.values[y * w + x];
                }
            }
            out = big;
        }
        "frame" => {
            let thick = random.within(1.0, 6.0) as usize;
            let inset = if random.unit() < 0.5 { 0 } else { random.within(2.0, 12.0) as usize };
            for y in 0..h {
                for x in 0..w {
                    let d = x.min(y).min(w - 1 - x).min(h - 1 - y);
                    if d >= inset && d < inset + thick {
                        out.values[y * w + x] = 0.0;
                    }
                }
            }
        }
        _ => {}
    }
    if !["black-canvas", "frame", "screenshot", "scan", "dim", "dark-room"].contains(&kind) {
        let deviation = if kind == "noise" { 6.0 } else { random.within(0.5, 2.5) };
        out.noise(&mut random, deviation);
    }
    DynamicImage::ImageLuma8(out.grey())
}
