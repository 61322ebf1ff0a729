//! Elements of index.html, as they are written or as Trunk leaves them, shorter and without quotes.

/// The elements that begin with `start`, such as `<link`, without that and the angle bracket behind their attributes.
pub fn elements<'a>(html: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    html.split(start).skip(1).filter_map(|piece| Some(piece.split_once('>')?.0))
}

/// The `<link …>` elements, which say which programs the page is made of.
pub fn links(html: &str) -> impl Iterator<Item = &str> {
    elements(html, "<link")
}

/// The value of an element's attribute, empty if it has none; nothing where there is no such attribute.
pub fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    element.split_whitespace().find_map(|word| {
        let (found, value) = word.split_once('=').unwrap_or((word, ""));
        (found == name).then(|| value.trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_their_attributes_are_read() {
        let html = "<p rel=x><link\n  data-trunk\n  rel=\"rust\" data-bin=page data-web\n><a><link rel=icon>";
        let links: Vec<&str> = links(html).collect();
        assert_eq!(links.len(), 2);
        let of = |name: &str| attribute(links[0], name);
        assert_eq!(
            [of("rel"), of("data-bin"), of("data-web"), of("web")],
            [Some("rust"), Some("page"), Some(""), None]
        );
        assert_eq!(attribute(links[1], "rel"), Some("icon"));
    }
}
