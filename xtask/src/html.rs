//! What index.html says in its `<meta>` elements, read and changed.

use std::ops::Range;

/// The page with another content in `<meta name="…" content="…">`; nothing where there is no such element.
pub fn with_content(html: &str, name: &str, content: &str) -> Option<String> {
    let value = place(html, name)?;
    Some(format!("{}\"{content}\"{}", &html[..value.start], &html[value.end..]))
}

/// The content of `<meta name="…" content="…">`; nothing where there is no such element.
pub fn content<'a>(html: &'a str, name: &str) -> Option<&'a str> {
    Some(html[place(html, name)?].trim_matches('"'))
}

/// Where the element's content stands, with its quotes.
fn place(html: &str, name: &str) -> Option<Range<usize>> {
    // Trunk's minifier takes the quotes away, and may put the name last.
    let is_it = |element: &str| {
        let mut words = element.split_whitespace();
        words.any(|word| word.strip_prefix("name=").is_some_and(|value| value.trim_matches('"') == name))
    };
    let mut metas = html.match_indices("<meta ").filter_map(|(at, _)| Some((at, at + html[at..].find('>')?)));
    let (start, end) = metas.find(|(at, end)| is_it(&html[*at..*end]))?;
    const CONTENT: &str = "content=";
    let from = start + html[start..end].find(CONTENT)? + CONTENT.len();
    let value = &html[from..end];
    let length = match value.strip_prefix('"') {
        Some(quoted) => quoted.find('"')? + 2,
        None => value.find(char::is_whitespace).unwrap_or(value.len()),
    };
    Some(from..from + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_read_and_written() {
        let html = "<meta name=\"a\" content=\"x\">\n<meta name=\"engine-cpu\" content=\"./e.js\">\n<p content=\"y\">";
        let changed = Some(html.replace("./e.js", "engine/1/e.js"));
        assert_eq!(with_content(html, "engine-cpu", "engine/1/e.js"), changed);
        assert_eq!(with_content(html, "engine-gpu", ""), None);
        let minified = "<meta content=x name=a><meta content=./e.js name=engine-cpu><p>";
        let changed = Some(minified.replace("./e.js", "\"engine/1/e.js\""));
        assert_eq!(with_content(minified, "engine-cpu", "engine/1/e.js"), changed);
        assert_eq!(with_content("<meta name=\"engine-cpu\"><p content=\"y\">", "engine-cpu", ""), None);
        assert_eq!(content(html, "engine-cpu"), Some("./e.js"));
        assert_eq!(content(minified, "engine-cpu"), Some("./e.js"));
    }
}
