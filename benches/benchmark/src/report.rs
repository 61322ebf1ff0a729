//! The table, and its place in BENCHMARKS.md.

use super::{Row, participants};
use anyhow::Result;
use fs_err as fs;
use std::path::Path;

/// The file that results are written into.
pub const FILE: &str = "BENCHMARKS.md";

const INTRODUCTION: &str = "\
# Benchmarks

Measured, not estimated; each section says on what, when and by which command. `cargo xtask bench` writes what stands
between the markers.
";

/// The middle of some numbers; of two middles the mean.
pub fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

fn rate(row: &Row) -> Option<f64> {
    (row.missing.is_none() && !row.rates.is_empty()).then(|| median(&row.rates))
}

/// The rate of the fastest PyTorch peer.
fn fastest_peer(rows: &[Row]) -> Option<f64> {
    rows.iter().filter(|row| row.participant.peer).filter_map(rate).max_by(f64::total_cmp)
}

/// 12345.6 as 12,346.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The results in Markdown.
pub fn table(rows: &[Row]) -> String {
    let best = fastest_peer(rows);
    let mut lines = vec![
        "| | images/s | from … to | ÷ fastest peer | loss, accuracy | version |".to_owned(),
        "|---|--:|--:|--:|---|---|".to_owned(),
    ];
    for row in rows {
        let (name, version) = (&row.participant.name, &row.figures.version);
        lines.push(match (rate(row), &row.missing) {
            (Some(rate), _) => {
                let (least, most) = row.rates.iter().fold((f64::MAX, 0.0_f64), |(l, m), r| (l.min(*r), m.max(*r)));
                let ratio = best.map_or("–".to_owned(), |best| format!("{:.2}", rate / best));
                let range = format!("{} … {}", grouped(least), grouped(most));
                let name = if row.participant.peer && best == Some(rate) {
                    format!("{name}: **the fastest peer**")
                } else {
                    name.clone()
                };
                format!("| {name} | {} | {range} | {ratio} | {} | {version} |", grouped(rate), row.figures.text())
            }
            (None, reason) => {
                let reason = reason.as_deref().unwrap_or("not measured").replace('|', "/");
                format!("| {name} | missing | | | {reason} | {version} |")
            }
        });
    }
    lines.join("\n")
}

/// The whole section: where, when, what, and the table.
pub fn section(rows: &[Row], table: &str, circumstances: &str, convolutions: bool) -> String {
    let network = if convolutions { participants::CONVOLUTIONS } else { "256" };
    format!(
        "{circumstances}.\n\n\
         Images per second of training: 784-{network}-10 with bias, leaky integrate-and-fire neurons (β = 0.9, θ = 1, reset to\n\
         zero), T = 25, batch 64, Adam at 1e-3, fast sigmoid of slope 10, mean membrane potential as the readout, rate\n\
         coding within the time. MNIST. The median of {} rounds, in which all were measured in turn. PyTorch runs on all\n\
         threads or on one, whichever is faster. Whoever does not learn as we do is not measured: loss (over the last\n\
         fifth of the steps) and accuracy are those after the steps named. What differs in a library stands at the top of\n\
         its file in `benches/`.\n\n{table}",
        rows.iter().map(|row| row.rates.len()).max().unwrap_or(0),
    )
}

/// Puts a section's text between its markers; makes the section, or the file, where there is none yet.
///
/// # Errors
/// When the file cannot be read or written.
pub fn write(marker: &str, heading: &str, body: &str) -> Result<()> {
    let path = Path::new(FILE);
    let before = if path.exists() { fs::read_to_string(path)? } else { INTRODUCTION.to_owned() };
    Ok(fs::write(path, replaced(&before, marker, heading, body))?)
}

fn replaced(text: &str, marker: &str, heading: &str, body: &str) -> String {
    let (open, close) = (format!("<!-- {marker} -->"), format!("<!-- /{marker} -->"));
    let inside = format!("{open}\n{body}\n{close}");
    let place = text.find(&open).and_then(|start| Some((start, start + text[start..].find(&close)? + close.len())));
    match place {
        Some((start, end)) => format!("{}{inside}{}", &text[..start], &text[end..]),
        None => format!("{}\n\n{heading}\n\n{inside}\n", text.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_markers_changes() {
        let first = replaced("# B\n", "speed", "## Speed", "old");
        assert_eq!(first, "# B\n\n## Speed\n\n<!-- speed -->\nold\n<!-- /speed -->\n");
        let second = replaced(&format!("{first}\n## More\n"), "speed", "## Speed", "new");
        assert_eq!(second, "# B\n\n## Speed\n\n<!-- speed -->\nnew\n<!-- /speed -->\n\n## More\n");
    }

    #[test]
    fn numbers_are_told() {
        assert_eq!([5.0, 999.6, 12_345.0, 1_234_567.0].map(grouped), ["5", "1,000", "12,345", "1,234,567"]);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0]), 2.5);
        assert!(median(&[]).is_nan());
    }
}
