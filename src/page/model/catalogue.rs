//! The data sets and the trained networks that the page offers, as the document and the build say.

use super::link::Link;
use super::networks::same_network;
use crate::spec::{Dataset, Spec};

/// The settings of the link's data set where nothing is said of them.
fn defaults(link: &Link) -> Spec {
    Spec { dataset: link.spec.dataset, ..Spec::on_page() }
}

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

/// A network that ships.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShippedNetwork {
    /// Its name in links, which is that of its file.
    pub name: String,
    /// The name of its data set.
    pub dataset: String,
    /// What its file says where that is another than by default, as a link has it.
    pub settings: String,
}

impl ShippedNetwork {
    /// Its settings, on the data set of the link.
    fn spec(&self, link: &Link) -> Spec {
        Spec::from_hash(&defaults(link), &self.settings).0
    }
}

/// The choices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// The data sets that are there.
    pub sets: Vec<Choice>,
    /// The networks that ship; the first of a data set is the one that it opens with.
    pub networks: Vec<ShippedNetwork>,
}

impl Catalogue {
    /// The choice of that data set, if it is one.
    pub fn set(&self, dataset: Dataset) -> Option<&Choice> {
        self.sets.iter().find(|set| set.dataset == dataset.word())
    }

    /// The networks of the link's data set.
    fn networks_of(&self, link: &Link) -> impl Iterator<Item = &ShippedNetwork> {
        self.networks.iter().filter(|network| network.dataset == link.spec.dataset.word())
    }

    /// The settings of the network that the link opens: of a link that says none, they are meant.
    pub fn own_spec(&self, link: &Link) -> Spec {
        let opened = self.networks_of(link).find(|network| network.name == link.model());
        opened.map_or_else(|| defaults(link), |network| network.spec(link))
    }

    /// Whether the settings are those of the network that the link opens, but for its training.
    pub fn is_own(&self, link: &Link) -> bool {
        same_network(&self.own_spec(link), &link.spec)
    }

    /// Puts what a link means in place of what it does not say: the settings of the network that it names, or the network that
    /// has its settings.
    ///
    /// ```
    /// use spiking_playground::page::model::catalogue::{Catalogue, ShippedNetwork};
    /// use spiking_playground::page::model::link::Link;
    /// let network = |name: &str, settings: &str| ShippedNetwork {
    ///     name: name.to_owned(),
    ///     dataset: "mnist".to_owned(),
    ///     settings: settings.to_owned(),
    /// };
    /// let catalogue = Catalogue { networks: vec![network("mnist", "beta=0.7"), network("old", "")], ..Catalogue::default() };
    /// let read = |hash: &str| {
    ///     let mut link = Link::from_hash(hash).0;
    ///     catalogue.complete(&mut link);
    ///     (link.spec.neuron.beta, link.model().to_owned(), catalogue.hash(&link))
    /// };
    /// assert_eq!(read(""), (0.7, "mnist".to_owned(), "".to_owned()));
    /// assert_eq!(read("model=old"), (0.9, "old".to_owned(), "model=old".to_owned()));
    /// assert_eq!(read("seed=5"), (0.9, "old".to_owned(), "seed=5&model=old".to_owned()));
    /// assert_eq!(read("beta=0.7&seed=5"), (0.7, "mnist".to_owned(), "beta=0.7&seed=5".to_owned()));
    /// ```
    pub fn complete(&self, link: &mut Link) {
        if link.spec == defaults(link) {
            link.spec = self.own_spec(link);
        } else if link.model.is_empty() {
            let fits = |network: &&ShippedNetwork| same_network(&network.spec(link), &link.spec);
            let name = self.networks_of(link).find(fits).map(|network| network.name.clone());
            link.set_model(&name.unwrap_or_default());
        }
    }

    /// The hash of a link, without what [`Catalogue::complete`] puts there.
    pub fn hash(&self, link: &Link) -> String {
        let plain = defaults(link);
        if link.spec == self.own_spec(link) {
            return Link { spec: plain, ..link.clone() }.to_hash();
        }
        // A hash without settings would mean those of another network.
        match self.networks_of(link).find(|network| link.spec == plain && network.spec(link) == plain) {
            Some(network) => Link { model: network.name.clone(), ..link.clone() }.to_hash(),
            None => link.to_hash(),
        }
    }

    /// Whether a link says nothing of a run: how one looks and what is on the pad is no part of it.
    pub fn is_of_default_run(&self, link: &Link) -> bool {
        Link::from_hash(&self.hash(link)).0.is_of_default_run()
    }

    /// Puts what is there in place of what the link asks for and is not; says what that was.
    ///
    /// ```
    /// use spiking_playground::page::model::catalogue::{Catalogue, Choice};
    /// use spiking_playground::page::model::link::Link;
    /// let sets = vec![Choice { dataset: "mnist".to_owned(), ..Choice::default() }];
    /// let catalogue = Catalogue { sets, networks: Vec::new() };
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
        if !link.model.is_empty() && !self.networks_of(link).any(|network| network.name == link.model()) {
            errors.push(format!("there is no trained network `{}` for these images", link.model));
            link.model.clear();
        }
        errors
    }
}
