//! A layer that learns by STDP, watched: its receptive fields as they grow, the picture that is learnt, and the STDP window of the
//! running rule. A program of its own, fetched for the first glimpse.
//!
//! `state` is what it knows and what follows from that, without a document; `view` alone knows the document.

pub mod state;
pub mod view;
