//! The program that reads picture files, as the page knows it, natively.

use spiking_playground::photo_reader::answer;
use spiking_playground::protocol::{Outgoing, PREVIEW, Report, Request};
use spiking_playground::spec::Dataset;
use std::path::Path;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/pictures").join(name)).unwrap()
}

fn read(id: u32, dataset: Dataset, pixels: usize, file: Vec<u8>) -> Outgoing {
    answer(&Request::Photo { id, dataset, pixels }, &[file])
}

#[test]
fn picture_files_become_what_the_network_sees() {
    let (report, bytes) = read(2, Dataset::Mnist, 784, file("ruled-paper-two.jpg"));
    assert_eq!(report, Report::Photo(2, false));
    assert_eq!(bytes[0].len(), 784);
    assert_eq!(bytes[1].len(), PREVIEW * PREVIEW);
    let outline = bytes[1].iter().filter(|shade| **shade == 255).count();
    assert!((40..1500).contains(&outline), "{outline} pixels of an outline");
    // A garment, and what is like a folder's images, are seen whole.
    let (report, bytes) = read(4, Dataset::FashionMnist, 784, file("fashion-test-0-ankle-boot.png"));
    assert_eq!((report, bytes[0].len(), bytes[1].len()), (Report::Photo(4, false), 784, 0));
    let (report, bytes) = read(5, Dataset::Folder, 36, file("ruled-paper-two.jpg"));
    assert_eq!((report, bytes[0].len(), bytes[1].len()), (Report::Photo(5, false), 36, 0));
}

#[test]
fn what_cannot_be_read_is_refused_with_its_number_and_a_reason() {
    let refused = |(report, bytes): Outgoing, of: u32, words: &str| {
        assert!(matches!(&report, Report::NoPhoto(id, reason) if *id == of && reason.contains(words)), "{report:?}");
        assert!(bytes.is_empty());
    };
    refused(read(3, Dataset::Mnist, 784, b"no picture".to_vec()), 3, "neither PNG nor JPEG");
    refused(read(6, Dataset::Mnist, 785, file("ruled-paper-two.jpg")), 6, "785");
    refused(answer(&Request::Photo { id: 7, dataset: Dataset::Mnist, pixels: 784 }, &[]), 7, "neither PNG nor JPEG");
}

#[test]
fn nothing_else_is_answered() {
    for request in [Request::Open, Request::Train, Request::SelfCheck] {
        assert!(matches!(answer(&request, &[]).0, Report::Failed(reason) if reason.contains("Only pictures")));
    }
}
