//! Everything that happens to the page, on its way to the loop in `app`.

use super::model::input::Input;
use crate::dom::save::SaveAs;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use web_sys::Element;

/// What happened.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "few are in the queue at a time")]
pub enum Event {
    /// What the model takes.
    Input(Input),
    /// The picture that belongs to this button is to be saved.
    Save(Element, SaveAs),
    /// The page's address was changed from outside.
    Address,
    /// The page is being printed: all of it is to be there now.
    Print,
}

impl From<Input> for Event {
    fn from(input: Input) -> Self {
        Self::Input(input)
    }
}

/// What handles events.
type Handler = Box<dyn FnMut(Event)>;

/// Brings events to their handler, in order: one that comes while another is being handled waits.
#[derive(Clone, Default)]
pub struct Queue {
    queue: Rc<RefCell<VecDeque<Event>>>,
    busy: Rc<Cell<bool>>,
    handler: Rc<RefCell<Option<Handler>>>,
}

impl Queue {
    /// From now on `handle` handles them.
    pub fn listen(&self, handle: impl FnMut(Event) + 'static) {
        *self.handler.borrow_mut() = Some(Box::new(handle));
    }

    /// Something happened.
    pub fn send(&self, event: impl Into<Event>) {
        self.queue.borrow_mut().push_back(event.into());
        if self.busy.replace(true) {
            return;
        }
        if let Some(handle) = self.handler.borrow_mut().as_mut() {
            loop {
                let next = self.queue.borrow_mut().pop_front();
                match next {
                    Some(event) => handle(event),
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
    fn what_is_sent_while_another_is_handled_is_handled_afterwards() {
        let (queue, log) = (Queue::default(), Rc::new(RefCell::new(Vec::new())));
        let (again, handled) = (queue.clone(), log.clone());
        queue.listen(move |event| {
            let first = matches!(event, Event::Print);
            handled.borrow_mut().push(format!("{event:?}"));
            if first {
                again.send(Input::Look);
                handled.borrow_mut().push("end".to_owned());
            }
        });
        queue.send(Event::Print);
        assert_eq!(*log.borrow(), ["Print", "end", "Input(Look)"]);
    }
}
