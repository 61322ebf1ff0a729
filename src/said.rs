//! What a program says: the words stand in `www/index.html`, so that all text of the page is in one place; here are keys, and what
//! stands in the words' braces.

/// A sentence: its key in the document, and what its braces are filled with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Under this `data-say` its words stand in `www/index.html`.
    pub key: &'static str,
    /// What stands in its braces, by name.
    pub values: Vec<(&'static str, String)>,
}

/// The sentence with that key.
pub fn say(key: &'static str, values: &[(&'static str, String)]) -> Said {
    Said { key, values: values.to_vec() }
}

impl Said {
    /// It with these words, of all sentences by their keys; its key where the document lacks it.
    ///
    /// ```
    /// use spiking_playground::said::say;
    /// let words = [("drawn".to_owned(), "Draw a {one}.".to_owned())];
    /// assert_eq!(say("drawn", &[("one", "digit".to_owned())]).in_words(&words), "Draw a digit.");
    /// assert_eq!(say("lost", &[]).in_words(&words), "lost");
    /// ```
    pub fn in_words(&self, words: &[(String, String)]) -> String {
        let found = words.iter().find(|(key, _)| key == self.key).map_or(self.key, |(_, words)| words);
        filled(found, &self.values)
    }
}

/// Words with their braces filled; nothing stands where a value is missing.
///
/// ```
/// use spiking_playground::said::filled;
/// assert_eq!(filled("Draw a {one}.", &[("one", "digit".to_owned())]), "Draw a digit.");
/// ```
pub fn filled(words: &str, values: &[(&str, String)]) -> String {
    let mut pieces = words.split('{');
    let mut said = pieces.next().unwrap_or("").to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once('}').unwrap_or((piece, ""));
        let value = values.iter().find(|(own, _)| *own == name).map_or("", |(_, value)| value);
        said.push_str(value);
        said.push_str(rest);
    }
    said
}
