//! The whole of the page: which of its views draw what has changed.

use super::bar::Bar;
use super::connections::Connections;
use super::controls::Controls;
use super::data_set::DataSet;
use super::learning::LearningView;
use super::mistakes::Mistakes;
use super::notices::Notices;
use super::pad::PadView;
use super::phrases;
use super::result::ResultView;
use super::thumbnails::Thumbnails;
use super::timeline::Timeline;
use super::tooltip::Tooltip;
use super::weight_grid::WeightGrid;
use crate::digits::drawing::PIXELS;
use crate::dom::canvas::read_palette;
use crate::dom::document::{Text, all, class, find, listen};
use crate::page::model::input::Input;
use crate::page::model::phrases::{Phrase, Phrases};
use crate::page::model::state::{Changed, Model};
use crate::page::queue::Queue;
use crate::pictures::palette::Palette;
use web_sys::{Event, HtmlElement};

/// A pixel that is at least this bright counts as one that is lit.
const LIT: u8 = 12;

/// All views.
pub struct View {
    queue: Queue,
    pub(super) phrases: Phrases,
    pub(super) palette: Palette,
    bar: Bar,
    pub(super) connections: Connections,
    controls: Controls,
    data_set: DataSet,
    learning: LearningView,
    mistakes: Mistakes,
    notices: Notices,
    pad: PadView,
    samples: Thumbnails,
    drawings: Thumbnails,
    timeline: Timeline,
    result: ResultView,
    weight_grid: WeightGrid,
    play: HtmlElement,
    tooltip: Text,
    left: Left,
}

/// What is left to the next frame: all that a new trace changes would keep the page from answering for too long.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Left {
    /// The voltages and the result of the trace whose spikes are painted.
    voltages: bool,
    /// The places of its neurons and connections.
    connections: bool,
    /// Pictures of weights.
    weights: bool,
}

/// What of a trace is painted: all that does not move, where it is another one.
#[derive(Clone, Copy, Debug)]
struct Prepare {
    spikes: bool,
    voltages: bool,
}

impl View {
    /// The views of the document; what is done in them is sent to `queue`.
    pub fn new(queue: &Queue) -> Self {
        for (class, button) in (0..).zip(all::<HtmlElement>("#own-classes button")) {
            let sender = queue.clone();
            listen(&button, "click", move |_: Event| sender.send(Input::Keep(class)));
        }
        Self {
            queue: queue.clone(),
            phrases: phrases::read(),
            palette: Palette::default(),
            bar: Bar::find(),
            connections: Connections::new(queue),
            controls: Controls::new(queue),
            data_set: DataSet::find(),
            learning: LearningView::find(),
            mistakes: Mistakes::new(queue),
            notices: Notices::find(),
            pad: PadView::new(queue),
            samples: Thumbnails::new("samples"),
            drawings: Thumbnails::new("examples"),
            timeline: Timeline::find(queue),
            result: ResultView::find(),
            weight_grid: WeightGrid::new(queue),
            play: find("play"),
            tooltip: Text::find("tip"),
            left: Left::default(),
        }
    }

    /// What a class is called.
    pub fn name(&self, class: usize) -> String {
        self.phrases.name(class)
    }

    /// Whether pictures are left for the next frame.
    pub fn has_more(&self) -> bool {
        self.left != Left::default()
    }

    /// Draws what has changed.
    pub fn draw(&mut self, model: &Model, changed: Changed) {
        self.draw_at(model, changed, model.clock.now, false);
    }

    /// Draws all pictures at once, also what a frame leaves to the next.
    pub fn draw_everything(&mut self, model: &Model) {
        self.palette = read_palette(&self.palette);
        self.draw_pictures(model, model.clock.now);
    }

    /// Draws all pictures, at this moment.
    pub(super) fn draw_pictures(&mut self, model: &Model, now: f32) {
        let mut changed = Changed::default();
        changed.pictures();
        self.draw_at(model, changed, now, true);
    }

    /// `at_once` says whether nothing is left to the next frame.
    fn draw_at(&mut self, model: &Model, changed: Changed, now: f32, at_once: bool) {
        self.draw_words(model, &changed);
        if changed.look {
            self.palette = read_palette(&self.palette);
        }
        let is_later = changed.trace && !at_once;
        let connections = (changed.connections || self.left.connections) && !is_later;
        let voltages = (changed.trace || self.left.voltages) && !is_later;
        self.left.connections = is_later && (changed.connections || self.left.connections);
        self.left.voltages = is_later;
        if connections && let Some(analysis) = &model.analysis {
            self.connections.arrange(model, analysis, &self.phrases, &self.palette);
        }
        if changed.pad {
            self.draw_pad(model);
        }
        if changed.samples || changed.drawings || changed.thumbnails {
            self.draw_thumbnails(model);
        }
        self.draw_network(model, Prepare { spikes: changed.trace, voltages }, changed.time || connections, now);
        if changed.curves {
            self.learning.draw(model, &self.palette);
        }
        if changed.bar || changed.dataset || changed.notices {
            self.bar.draw_standing(model, &self.phrases);
        }
        if changed.bar || changed.dataset {
            self.learning.say(&model.progress);
            self.bar.draw(model, &self.phrases);
            self.controls.enable_training(model.is_ready_to_train(), model.may_open_trained());
        }
        if changed.neuron {
            self.learning.draw_neuron(&model.link.spec.neuron, &self.palette);
        }
        if changed.rates {
            let neuron = &model.shown_spec().neuron;
            self.weight_grid.draw_rates(&model.rates, neuron, &self.phrases, &self.palette);
        }
        if changed.weights {
            let window = model.first_maps().1;
            self.timeline.neurons.draw(&model.neurons, &model.receptive_fields, window, &self.palette);
            self.weight_grid.start_over();
            self.left.weights = true;
        }
        while self.left.weights {
            self.left.weights = !{
                let window = model.first_maps().1;
                self.weight_grid.draw(&model.neurons, &model.receptive_fields, window, &self.palette)
            };
            if !at_once {
                break;
            }
        }
        if changed.mistakes {
            self.mistakes.draw(model, &self.phrases, &self.palette);
        }
        if changed.tooltip {
            self.draw_tooltip(model);
        }
        if changed.speech
            && let Some(analysis) = &model.analysis
        {
            self.result.speak(analysis, &self.phrases);
        }
    }

    /// What is written once and stands: names, choices, messages, and as many buttons as there are things to choose.
    fn draw_words(&mut self, model: &Model, changed: &Changed) {
        if changed.dataset {
            self.data_set.draw(model, &mut self.phrases);
        }
        if changed.parts {
            for part in all::<HtmlElement>("[data-part]") {
                let name = part.dataset().get("part").unwrap_or_default();
                part.set_hidden(model.link.hide.contains(&name));
            }
        }
        if changed.controls {
            self.controls.show(&model.link, &self.phrases);
        }
        if changed.network {
            self.weight_grid.set_neurons(model.grid().collect(), model.first_maps().0, &self.phrases);
        }
        if changed.samples {
            match model.samples.as_ref().filter(|_| !model.learns_drawings()) {
                Some(samples) => {
                    self.samples.fill(samples, Phrase::TestDigit, &self.phrases, &self.queue, Input::Digit);
                }
                None => self.samples.clear(),
            }
        }
        if changed.drawings {
            let digits = &model.drawings.digits;
            self.drawings.fill(digits, Phrase::Forget, &self.phrases, &self.queue, Input::Forget);
        }
        if changed.notices {
            self.notices.draw(&model.notices, &self.phrases);
            self.bar.draw_sentences(model, &self.phrases);
        }
    }

    fn draw_pad(&self, model: &Model) {
        let pixels = model.pixels();
        let seen = pixels.as_ref().map(|pixels| model.with_noise(pixels));
        let photo = !self.phrases.names.is_empty();
        self.pad.draw(&model.link.pad, pixels.as_deref(), photo, &self.palette);
        self.pad.offer_undo(model.pad_is_empty() && model.cleared.is_some());
        let lit = seen.iter().flatten().filter(|pixel| **pixel > LIT).count().to_string();
        let said = pixels.as_ref().map(|_| self.phrases.say(Phrase::Lit, &[("n", lit)]));
        let blank = vec![0; PIXELS];
        self.pad.draw_seen(seen.as_ref().unwrap_or(&blank), said.as_deref().unwrap_or(""), &self.palette);
        self.samples.mark(&model.link.pad);
    }

    fn draw_thumbnails(&self, model: &Model) {
        if model.learns_drawings() {
            self.drawings.draw(&model.drawings.digits, &self.palette);
        } else if let Some(samples) = &model.samples {
            self.samples.draw(samples, &self.palette);
        }
    }

    /// What runs through the network: all that does not move where it is another picture (`prepare`), then the moment.
    fn draw_network(&mut self, model: &Model, prepare: Prepare, show: bool, now: f32) {
        let (phrases, palette) = (&self.phrases, &self.palette);
        let Some(analysis) = &model.analysis else {
            if prepare.spikes {
                self.timeline.clear(palette);
                self.result.clear();
                self.connections.clear(palette);
            }
            return;
        };
        let (spec, neurons) = (model.shown_spec(), &model.neurons);
        if prepare.spikes {
            self.timeline.prepare_spikes(analysis, spec, phrases, palette);
        }
        if prepare.voltages || show {
            self.result.show_stopping(model, phrases, palette);
        }
        if prepare.voltages {
            self.timeline.prepare_voltages(analysis, &spec.neuron, neurons, phrases, palette);
            self.result.prepare(analysis, model.offers_sharper(), phrases);
        }
        if prepare.spikes || prepare.voltages || show {
            let pinned = model.neurons_are_pinned.then_some(neurons[0]);
            self.timeline.show(analysis, &spec.neuron, now, (neurons, pinned), phrases, palette);
            self.result.show(analysis, now, model.run.trained, model.link.certainty / 100.0, phrases);
            self.connections.show(model, analysis, now, phrases, palette);
            let word = if model.clock.playing { Phrase::Stop } else { Phrase::Play };
            drop(self.play.set_attribute("aria-label", &phrases.say(word, &[])));
            class(&self.play, "on", model.clock.playing);
        }
    }

    fn draw_tooltip(&self, model: &Model) {
        let text = model.analysis.as_ref().zip(model.pointed_at.as_ref()).and_then(|(analysis, (canvas, place))| {
            let (neuron, chosen) = (&model.shown_spec().neuron, &model.neurons);
            Tooltip { analysis, neuron, chosen, phrases: &self.phrases }.tell(canvas, *place)
        });
        self.tooltip.element.set_hidden(text.is_none());
        self.tooltip.set(&text.unwrap_or_default());
    }
}
