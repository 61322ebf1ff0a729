//! Everything that can happen to the page, as one closed enum: the document, the engine and the network tell it, the
//! app hears it.

use super::link::Who;
use crate::digits::shard::{Manifest, Split};
use crate::protocol::Report;
use crate::spec::Dataset;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use web_sys::Element;

/// What a button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// Train, or pause.
    Train,
    /// Train one batch.
    Step,
    /// Back to the random weights.
    Reset,
    /// Empty the pad.
    Clear,
    /// Bring back what was on the pad when it was emptied.
    Undo,
    /// Play or stop the animation.
    Play,
    /// Read the whole test set.
    Measure,
    /// The weights as a file.
    Save,
    /// Show what keys do.
    Keys,
}

/// The kinds of files that a picture is saved as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveAs {
    /// A drawing that can be scaled.
    Svg,
    /// The same, in which time runs.
    Moving,
    /// A table of its numbers.
    Csv,
}

/// What the pen does on the pad, in 0–1 coordinates.
#[derive(Clone, Debug, PartialEq)]
pub enum Pen {
    /// It touches.
    Down([f32; 2]),
    /// It moves along these points.
    Move(Vec<[f32; 2]>),
    /// It is lifted.
    Up,
    /// It was none: what touched was the hand that holds the pen, or the browser took the touch for something else.
    Withdraw,
}

/// What a scrub of time goes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scrub {
    /// This share of the staves' width.
    To(f32),
    /// So many whole time steps further.
    By(i32),
    /// This time step, from 1.
    Step(f32),
}

/// What fell due after a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Fetch this shard again, for that engine.
    Shard(Who, Split, usize),
    /// Fetch the list of the training data again.
    Data,
    /// Be the network that the turned settings describe.
    Settings,
}

/// What happened.
#[derive(Debug)]
pub enum Input {
    /// That worker reports, with its byte arrays.
    Report(Who, Report, Vec<Vec<u8>>),
    /// It crashed, for this reason.
    EngineLost(Who, String),
    /// The shipped network of that name was fetched, or not.
    Model(String, Result<Vec<u8>, String>),
    /// The reader chose a file of weights, and it could be read, or not.
    File(Result<Vec<u8>, String>),
    /// The reader chose, took, pasted or dropped a picture, and it could be read, or not.
    Picture(Result<Vec<u8>, String>),
    /// The list of that set's data was fetched, or not.
    Manifest(Dataset, Result<Manifest, String>),
    /// The two files of the ten test pictures of that set were fetched, or not.
    Samples(Dataset, Result<[Vec<u8>; 2], String>),
    /// The two files of a shard of that set were fetched for that engine, or not.
    Shard(Who, Dataset, Split, usize, Result<[Vec<u8>; 2], String>),
    /// The picture that belongs to this button is to be saved.
    Save(Element, SaveAs),
    /// A button was pressed.
    Press(Press),
    /// A control of the page was set to a text.
    Set(String, String),
    /// A knob was turned by so many notches.
    Turn(&'static str, i32),
    /// A control of the page was set to its default.
    Restore(&'static str),
    /// The surrogate was dragged: half of its height is at this share of its picture's width.
    Slope(f32),
    /// The network with a name that this hash describes was chosen.
    Preset(String),
    /// The pen did something.
    Pen(Pen),
    /// A test picture was chosen.
    Digit(usize),
    /// A cell of the matrix of mistakes was chosen, or none.
    Cell(Option<usize>),
    /// An image of the test set was chosen, by its number.
    TestImage(usize),
    /// The pointer is on the canvas with this id, at that place of it in shares, or on none.
    Point(Option<(String, (f32, f32))>),
    /// The neuron at that place of the first hidden layer's field was chosen.
    Dot((f32, f32)),
    /// The drawing on the pad is to be kept as one of this class.
    Keep(u8),
    /// This drawing of the reader's is to be forgotten.
    Forget(usize),
    /// A hidden neuron was chosen.
    Neuron(usize),
    /// The pointer or the focus is on this button over a neuron, or on none.
    Light(Option<usize>),
    /// The neuron under this button was chosen.
    Pin(usize),
    /// Time was moved.
    Scrub(Scrub),
    /// The time for something has come.
    Due(Due),
    /// A frame is to be drawn, at this time in milliseconds.
    Frame(f64),
    /// The address was changed from outside.
    Address,
    /// The tab was hidden or shown.
    Hidden(bool),
    /// Neurons or connections are about to be seen, or were.
    Seen,
    /// All of the page is to be there, also what nobody has scrolled to: it may be printed, or is at once.
    Whole(bool),
    /// Sizes or colours are different.
    Look,
}

/// What hears.
type Ear = Box<dyn FnMut(Input)>;

/// Who hears what happens, in order: what comes in while something is being heard waits.
#[derive(Clone)]
pub struct Post {
    queue: Rc<RefCell<VecDeque<Input>>>,
    busy: Rc<Cell<bool>>,
    ear: Rc<RefCell<Option<Ear>>>,
}

impl Default for Post {
    fn default() -> Self {
        Self { queue: Rc::default(), busy: Rc::default(), ear: Rc::new(RefCell::new(None)) }
    }
}

impl Post {
    /// From now on `ear` hears.
    pub fn listen(&self, ear: impl FnMut(Input) + 'static) {
        *self.ear.borrow_mut() = Some(Box::new(ear));
    }

    /// Something happened.
    pub fn tell(&self, input: Input) {
        self.queue.borrow_mut().push_back(input);
        if self.busy.replace(true) {
            return;
        }
        if let Some(ear) = self.ear.borrow_mut().as_mut() {
            loop {
                let next = self.queue.borrow_mut().pop_front();
                match next {
                    Some(input) => ear(input),
                    None => break,
                }
            }
        }
        self.busy.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_while_hearing_is_heard_afterwards() {
        let (post, heard) = (Post::default(), Rc::new(RefCell::new(Vec::new())));
        let (again, log) = (post.clone(), heard.clone());
        post.listen(move |input| {
            let first = matches!(input, Input::Look);
            log.borrow_mut().push(format!("{input:?}"));
            if first {
                again.tell(Input::Address);
                log.borrow_mut().push("end of Look".to_owned());
            }
        });
        post.tell(Input::Look);
        assert_eq!(*heard.borrow(), ["Look", "end of Look", "Address"]);
    }
}
