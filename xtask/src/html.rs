//! The `<meta>` and `<link>` elements of index.html, read and changed.

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

/// The `<link …>` elements, without their angle brackets.
pub fn links(html: &str) -> impl Iterator<Item = &str> {
    html.split("<link").skip(1).filter_map(|piece| Some(piece.split_once('>')?.0))
}

/// The value of an element's attribute, empty if it has none; nothing where there is no such attribute.
pub fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    element.split_whitespace().find_map(|word| {
        let (found, value) = word.split_once('=').unwrap_or((word, ""));
        (found == name).then(|| value.trim_matches('"'))
    })
}

/// The document without links that fetch its program ahead: `www/start.js` decides which program is needed, and fetches it
/// at once.
pub fn without_preloads(html: &str) -> String {
    let mut pieces = html.split("<link");
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (element, rest) = piece.split_once('>').unwrap_or((piece, ""));
        if element.split_whitespace().any(|word| word.starts_with("rel=") && word.contains("preload")) {
            kept.push_str(rest);
        } else {
            kept.push_str("<link");
            kept.push_str(piece);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_that_fetch_ahead_are_taken_out() {
        let html = "<a><link rel=icon href=i><link as=fetch href=./p.wasm rel=preload type=x><link rel=\"modulepreload\" href=\"p.js\">b";
        assert_eq!(without_preloads(html), "<a><link rel=icon href=i>b");
    }

    #[test]
    fn links_and_their_attributes_are_read() {
        let html = "<p rel=x><link data-trunk rel=\"rust\" data-bin=page data-web><a><link rel=icon>";
        let links: Vec<&str> = links(html).collect();
        assert_eq!(links.len(), 2);
        let of = |name: &str| attribute(links[0], name);
        assert_eq!(
            [of("rel"), of("data-bin"), of("data-web"), of("web")],
            [Some("rust"), Some("page"), Some(""), None]
        );
        assert_eq!(attribute(links[1], "rel"), Some("icon"));
    }

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
