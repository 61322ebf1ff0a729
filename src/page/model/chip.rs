//! The network on a chip: its numbers go to a program of their own, which is fetched for the first, and so does the picture in hand.

use super::effect::Effect;
use super::input::EngineKind;
use super::state::{Model, Opening};
use crate::protocol::{Request, RequestId};

impl Model {
    /// The network is to be seen on a chip, as it is now.
    pub(super) fn ask_for_chip(&mut self) {
        if self.opening == Opening::Done {
            self.chip_request = Some(self.ask(EngineKind::Cpu, Request::Weights, Vec::new()));
        }
    }

    /// Whether these weights were asked for to be seen there; then they are.
    pub(super) fn is_for_chip(&mut self, answers: Option<RequestId>) -> bool {
        let is_asked = answers.is_some() && answers == self.chip_request;
        if is_asked {
            (self.chip_request, self.chip_is_shown) = (None, true);
        }
        is_asked
    }

    /// Shows the network there, if it is another one, and the picture in hand.
    pub(super) fn show_on_chip(&mut self, network: Vec<u8>) {
        let pixels = self.pixels().unwrap_or_default();
        let set = self.link.spec.dataset.word();
        self.effect(Effect::ShowOnChip { network, pixels, image: self.test_image(), set });
    }

    /// Another picture is in hand.
    pub(super) fn show_picture_on_chip(&mut self) {
        if self.chip_is_shown {
            self.show_on_chip(Vec::new());
        }
    }
}
