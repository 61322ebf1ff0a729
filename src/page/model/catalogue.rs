//! The data sets and the trained networks that the page offers, as the document and the build say.

use super::link::Link;
use crate::spec::Dataset;

/// A data set that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The data set's name in links.
    pub dataset: String,
    /// What its classes are called; nothing where their numbers are their names.
    pub names: Vec<String>,
    /// What one picture of it shows.
    pub one: String,
}

/// The choices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// The data sets that are there.
    pub sets: Vec<Choice>,
    /// The networks that ship: each with its name and its data set.
    pub models: Vec<[String; 2]>,
}

impl Catalogue {
    /// The choice of that data set, if it is one.
    pub fn set(&self, dataset: Dataset) -> Option<&Choice> {
        self.sets.iter().find(|set| set.dataset == dataset.word())
    }

    /// Puts what is there in place of what the link asks for and is not; says what that was.
    ///
    /// ```
    /// use spiking_playground::page::model::catalogue::{Catalogue, Choice};
    /// use spiking_playground::page::model::link::Link;
    /// let catalogue = Catalogue {
    ///     sets: vec![Choice { dataset: "mnist".to_owned(), ..Choice::default() }],
    ///     models: vec![["small".to_owned(), "mnist".to_owned()]],
    /// };
    /// let (mut link, _) = Link::from_hash("dataset=fashion-mnist&model=large");
    /// assert_eq!(catalogue.correct(&mut link).len(), 2);
    /// assert_eq!(link, Link::default());
    /// ```
    pub fn correct(&self, link: &mut Link) -> Vec<String> {
        let mut errors = Vec::new();
        if link.spec.dataset != Dataset::default() && self.set(link.spec.dataset).is_none() {
            errors.push(format!("there is no data set `{}` here", link.spec.dataset.word()));
            link.spec.dataset = Dataset::default();
        }
        let fits = |[name, set]: &[String; 2]| name == link.model() && set == link.spec.dataset.word();
        if !link.model.is_empty() && !self.models.iter().any(fits) {
            errors.push(format!("there is no trained network `{}` for these images", link.model));
            link.model.clear();
        }
        errors
    }
}
