//! The article's figure, in which a reader plays with one neuron.

use super::bucket::Bucket;
use super::canvas::{Canvas, Palette};
use super::document::{Text, find, listen, listen_actively, place};
use super::input::{Input, Play, Post};
use super::phrases::{Phrase, Phrases};
use crate::spec::Neuron;
use web_sys::{Event, HtmlElement, KeyboardEvent, PointerEvent};

/// The figure of the document.
pub struct ArticleView {
    canvas: Canvas,
    threshold: HtmlElement,
    fires: HtmlElement,
    leaks: HtmlElement,
    current: HtmlElement,
    count: Text,
    bucket: Bucket,
}

impl ArticleView {
    /// The figure of the document; what is done to it is told to `post`.
    pub fn new(post: &Post) -> Self {
        let canvas: HtmlElement = find("one");
        let (element, tell) = (canvas.clone(), post.clone());
        listen(&canvas, "click", move |event: PointerEvent| {
            let area = element.get_bounding_client_rect();
            let share = (f64::from(event.client_x()) - area.left()) / area.width().max(1.0);
            tell.tell(Input::Play(Play::At(share as f32)));
        });
        let tell = post.clone();
        listen_actively(&canvas, "keydown", move |event: KeyboardEvent| {
            let play = match event.key().as_str() {
                "ArrowLeft" => Play::Move(-1),
                "ArrowRight" => Play::Move(1),
                " " | "Enter" => Play::Toggle,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            tell.tell(Input::Play(play));
        });
        let tell = post.clone();
        let restore: HtmlElement = find("one-reset");
        listen(&restore, "click", move |_: Event| tell.tell(Input::Play(Play::Restore)));
        Self {
            canvas: Canvas::find("one"),
            threshold: find("m-one-threshold"),
            fires: find("m-one-fires"),
            leaks: find("m-one-leaks"),
            current: find("m-one-current"),
            count: Text::find("one-count"),
            bucket: Bucket::default(),
        }
    }

    /// The reader did something to the neuron.
    pub fn play(&mut self, play: Play) {
        match play {
            Play::At(x) => self.bucket.toggle(x),
            Play::Move(by) => self.bucket.step(by),
            Play::Toggle => self.bucket.toggle_chosen(),
            Play::Restore => self.bucket = Bucket::default(),
        }
    }

    /// Draws the figure for a neuron like this.
    pub fn draw(&self, neuron: &Neuron, phrases: &Phrases, palette: &Palette) {
        let figure = self.bucket.figure(neuron);
        if self.canvas.fit(palette) {
            self.canvas.paint(&figure.marks, palette);
        }
        let beside = |at: Option<(f32, f32)>| at.map(|(x, y)| ((x + 0.012).min(0.88), y));
        place(&self.threshold, Some((0.0, (figure.threshold - 0.06).max(0.04))));
        place(&self.fires, beside(figure.fires));
        place(&self.leaks, beside(figure.leaks));
        place(&self.current, beside(figure.current));
        self.count.set(&match figure.spikes {
            0 => phrases.say(Phrase::OneCountNever, &[]),
            1 => phrases.say(Phrase::OneCountOnce, &[]),
            n => phrases.say(Phrase::OneCount, &[("n", n.to_string())]),
        });
    }
}
