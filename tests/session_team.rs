//! The engine with helpers, natively: each trains a share of the network, and what comes of it is what one worker comes to.

use crate::network::small;
use crate::session::Page;
use spiking_playground::kernels;
use spiking_playground::layer::numbers;
use spiking_playground::protocol::{Outgoing, Picture, Report, Request};
use spiking_playground::session::{Helper, Sent};
use spiking_playground::spec::{Spec, dense};
use std::collections::VecDeque;

/// A page whose engine has helpers. What is sent arrives in the order of a random walk, as far as one sender's messages to one
/// worker keep their order.
struct Crew {
    page: Page,
    helpers: Vec<Helper>,
    /// From whom, and what.
    post: Vec<(usize, VecDeque<Sent>)>,
    random: u32,
    /// Whether helpers are silent from now on.
    silent: bool,
}

impl Crew {
    fn new(spec: &Spec, workers: usize) -> Self {
        let mut page = Page::new(400);
        page.session.set_cores(8);
        let helpers = (1..workers).map(|_| Helper::new(&kernels::cpu())).collect();
        let manifest = page.manifest.clone();
        page.ask(Request::Data(manifest));
        page.ask(Request::Start(spec.clone()));
        page.ask(Request::Workers(Some(workers)));
        let post = (0..workers * workers).map(|from| (from / workers, VecDeque::new())).collect();
        Self { page, helpers, post, random: 7, silent: false }
    }

    fn workers(&self) -> usize {
        self.helpers.len() + 1
    }

    fn send(&mut self, from: usize, sent: Vec<Sent>) {
        for sent in sent {
            let line = from * self.workers() + sent.to;
            self.post[line].1.push_back(sent);
        }
    }

    /// Delivers a message, if there is one.
    fn deliver(&mut self) -> bool {
        let sent = self.page.session.sent_to_helpers();
        self.send(0, sent);
        if let Some(wanted) = self.page.session.wanted_helpers() {
            assert!(wanted < self.workers());
            self.page.session.has_helpers(wanted);
        }
        self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // Some have time to look ahead.
        match (self.random >> 8) as usize % (2 * self.workers()) {
            0 => self.page.session.look_ahead(),
            worker => self.helpers.get_mut(worker - 1).into_iter().for_each(Helper::look_ahead),
        }
        let lines = self.post.len();
        let from = (self.random >> 16) as usize;
        let Some(line) = (0..lines).map(|i| (from + i) % lines).find(|line| !self.post[*line].1.is_empty()) else {
            return false;
        };
        let Some(Sent { to, message, bytes }) = self.post[line].1.pop_front() else { return false };
        if self.silent {
            return true;
        }
        match to.checked_sub(1) {
            None => {
                let reports = self.page.session.hear_helper(message, bytes);
                self.page.take(reports);
            }
            Some(helper) => {
                let sent = self.helpers[helper].hear(message, bytes);
                self.send(to, sent);
            }
        }
        true
    }

    /// Works and delivers until there is nothing to do, or until `enough`.
    fn go_on(&mut self, mut enough: impl FnMut(&Page) -> bool) {
        for _ in 0..100_000 {
            let delivered = self.deliver();
            if enough(&self.page) {
                return;
            }
            if self.page.session.is_busy() {
                self.page.work(1);
            } else if !delivered {
                return;
            }
        }
        panic!("it never comes to rest");
    }

    fn ask(&mut self, request: Request, bytes: Vec<Vec<u8>>) -> Vec<Report> {
        self.page.ask_with(request, bytes)
    }

    fn heard(&self, of: impl Fn(&Report) -> bool) -> usize {
        self.page.heard.iter().filter(|(report, _)| of(report)).count()
    }

    /// The bits of the weights and of Adam's means, once all that was asked for is answered.
    fn bits(&mut self) -> Vec<u32> {
        self.ask(Request::Checkpoint, Vec::new());
        self.go_on(|_| false);
        let run = self.page.session.run().unwrap();
        let flat = run.network.flat_parameters().flat_map(|flat| numbers(flat.val().inner()));
        let means = run.adam.parameters(&run.network).into_iter().flat_map(|means| means.values);
        flat.chain(means).map(f32::to_bits).collect()
    }
}

fn spec() -> Spec {
    Spec { layers: dense([200]), rate_penalty: 1.0, batch_size: 32, epochs: 2, ..small() }
}

/// Two epochs, in which a drawing is traced, a setting is changed, and training rests: the weights at the end, and what was
/// reported.
fn trained(workers: usize) -> (Vec<u32>, Vec<String>) {
    let mut crew = Crew::new(&spec(), workers);
    crew.ask(Request::Train, Vec::new());
    let mut steps = 0;
    let mut step = move |page: &Page, after: u32| {
        steps += u32::from(page.session.is_busy());
        steps >= after
    };
    crew.go_on(|page| step(page, 40));
    crew.ask(Request::Trace { picture: Picture::Drawing }, vec![vec![100; 36]]);
    crew.ask(Request::Fields(0, vec![0, 150]), Vec::new());
    crew.go_on(|page| step(page, 60));
    crew.ask(Request::Pause, Vec::new());
    crew.go_on(|_| false);
    crew.ask(Request::Train, Vec::new());
    crew.go_on(|_| false);
    let bits = crew.bits();
    assert_eq!(crew.heard(|report| matches!(report, Report::Trace { .. })), 1);
    assert_eq!(crew.heard(|report| matches!(report, Report::Fields(..))), 1);
    assert!(crew.heard(|report| matches!(report, Report::Tested { .. })) > 2);
    let epochs = crew.page.heard.iter().filter_map(|(report, _)| match report {
        Report::Epoch(done) => Some(format!("{} {:.4} {}", done.epoch, done.loss, done.score.correct)),
        Report::Failed(reason) => Some(reason.clone()),
        _ => None,
    });
    (bits, epochs.collect())
}

#[test]
fn a_team_learns_what_one_worker_learns() {
    let alone = trained(1);
    assert_eq!(alone.1.len(), 2, "{:?}", alone.1);
    for workers in 2..=4 {
        let together = trained(workers);
        assert_eq!(together.1, alone.1, "{workers} workers");
        assert!(together.0 == alone.0, "{workers} workers");
    }
}

#[test]
fn settings_that_change_reach_all() {
    let changed = |workers: usize| {
        let mut crew = Crew::new(&spec(), workers);
        crew.ask(Request::Train, Vec::new());
        crew.go_on(|page| page.session.run().unwrap().position.images >= 160);
        crew.ask(Request::Pause, Vec::new());
        crew.go_on(|_| false);
        crew.ask(Request::Change(Spec { learning_rate: 0.003, rate_penalty: 0.0, ..spec() }), Vec::new());
        crew.ask(Request::Train, Vec::new());
        crew.go_on(|_| false);
        crew.bits()
    };
    // Where one stops depends on when it hears of it, so each is compared with itself: to the last step of the last epoch.
    assert!(changed(3) == changed(3));
}

#[test]
fn a_helper_that_dies_costs_no_more_than_its_last_steps() {
    let mut alone = Crew::new(&spec(), 1);
    alone.ask(Request::Train, Vec::new());
    alone.go_on(|_| false);
    let expected = alone.bits();
    for how in ["it says so", "it is silent"] {
        let mut crew = Crew::new(&spec(), 3);
        crew.ask(Request::Train, Vec::new());
        crew.go_on(|page| page.session.run().unwrap().position.images >= 300);
        crew.silent = true;
        // What is on its way is lost.
        crew.go_on(|_| false);
        assert!(!crew.page.session.is_busy() && crew.page.session.rest().is_some(), "{how}: it waits");
        match how {
            "it says so" => crew.page.session.helper_died(),
            _ => {
                // The clock goes 10 ms at each look; a timer wakes the engine.
                while crew.page.session.rest().is_some() {
                    let reports: Vec<Outgoing> = crew.page.session.work();
                    crew.page.take(reports);
                }
            }
        }
        crew.go_on(|_| false);
        assert!(crew.page.session.wanted_helpers().is_none_or(|wanted| wanted == 0));
        assert!(crew.bits() == expected, "{how}");
    }
}
