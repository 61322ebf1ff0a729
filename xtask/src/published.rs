//! The address at which a build will be published: what other sites show of the page follows no relative address.

use crate::html::{attribute, elements};
use crate::run::write_whole;
use anyhow::{Context, Result, ensure};
use fs_err as fs;
use std::ffi::OsString;
use std::path::Path;

/// The flag that names it.
const FLAG: &str = "--url";
/// How Trunk's hook, a program of its own, hears of it.
pub(crate) const VARIABLE: &str = "SPIKING_PAGE_URL";

/// The property of the picture that other sites show beside a link.
const CARD: &str = "og:image";

/// The address among these arguments, and what else is there.
///
/// # Errors
/// When it is no address of a folder on the web.
pub(crate) fn wanted(arguments: &[OsString]) -> Result<(Option<String>, Vec<OsString>)> {
    let (mut url, mut rest) = (None, Vec::new());
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy();
        let value = match text.strip_prefix(FLAG) {
            Some("") => arguments.next().map(|value| value.to_string_lossy().into_owned()),
            Some(joined) if joined.starts_with('=') => Some(joined[1..].to_owned()),
            _ => {
                rest.push(argument.clone());
                continue;
            }
        };
        url = Some(checked(&value.context("--url needs an address, such as --url https://example.org/spikes/")?)?);
    }
    Ok((url, rest))
}

/// The address with a slash at its end.
fn checked(url: &str) -> Result<String> {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
    let is_plain = url.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:/%[]@".contains(&b));
    ensure!(
        is_plain && !host.is_empty() && !host.starts_with('/'),
        "`{url}` is no address of a page: one looks like https://example.org/spikes/"
    );
    Ok(if url.ends_with('/') { url.to_owned() } else { format!("{url}/") })
}

/// Writes the address into the documents of a page: as their own, and before the picture.
///
/// # Errors
/// When a document is not there or is not what it should be.
pub(crate) fn write(folder: &Path, url: &str) -> Result<()> {
    for (document, own) in [("index.html", ""), ("embed.html", "embed.html")] {
        let path = folder.join(document);
        let html = fs::read_to_string(&path)?;
        let html = addressed(&html, url, own).with_context(|| format!("{document} has no head, or no picture"))?;
        write_whole(&path, &html)?;
    }
    Ok(())
}

/// The document with its address; `None` if it has no head, or is the page and has no picture.
fn addressed(html: &str, url: &str, own: &str) -> Option<String> {
    let (before, after) = html.split_once("</head>")?;
    let head = match elements(before, "<meta").find(|meta| attribute(meta, "property") == Some(CARD)) {
        Some(meta) => {
            let picture = attribute(meta, "content")?;
            before.replacen(meta, &format!(r#" property="{CARD}" content="{url}{picture}""#), 1)
        }
        None if own.is_empty() => return None,
        None => before.to_owned(),
    };
    let links = format!(r#"<link rel="canonical" href="{url}{own}"><meta property="og:url" content="{url}{own}">"#);
    Some([&head, &links, "</head>", after].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn an_address_is_taken_out_of_the_arguments() {
        let of = |text: &str| wanted(&words(text)).map_err(|error| error.to_string());
        let url = Some("https://example.org/spikes/".to_owned());
        assert_eq!(of("--url https://example.org/spikes"), Ok((url.clone(), Vec::new())));
        assert_eq!(of("--a --url=https://example.org/spikes/ b"), Ok((url, words("--a b"))));
        assert_eq!(of("--public-url /x/"), Ok((None, words("--public-url /x/"))));
        assert!(of("--url").unwrap_err().contains("https://"));
        for wrong in ["example.org", "https://", "ftp://example.org", "https://a\"b", "https:///x"] {
            assert!(of(&format!("--url {wrong}")).unwrap_err().contains(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_document_says_where_it_is() {
        let page = fs::read_to_string(crate::root().join(crate::hook::PAGE)).unwrap();
        // As Trunk leaves it.
        let short = "<head><meta content=1 property=og:image:width><meta content=card.png property=og:image></head>";
        for page in [&page, short] {
            let page = addressed(page, "https://example.org/", "").unwrap();
            assert!(page.contains(r#"<meta property="og:image" content="https://example.org/card.png">"#));
            assert!(page.contains(r#"<link rel="canonical" href="https://example.org/">"#));
        }
        assert_eq!(addressed("<head><title>x</title></head>", "https://example.org/", ""), None);
        let embeds = addressed("<head></head>", "https://example.org/", "embed.html").unwrap();
        assert!(embeds.contains(r#"content="https://example.org/embed.html""#));
    }
}
