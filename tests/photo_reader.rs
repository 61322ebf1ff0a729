//! The program that reads picture files, as the page knows it, natively.

use spiking_playground::photo_reader::answer;
use spiking_playground::protocol::{Outgoing, PREVIEW, Report, Request};
use spiking_playground::spec::Dataset;
use std::path::Path;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/pictures").join(name)).unwrap()
}

fn read(dataset: Dataset, pixels: usize, file: Vec<u8>) -> (Report, Vec<Vec<u8>>) {
    let Outgoing { answers, report, bytes } = answer(7, &Request::Photo { dataset, pixels }, &[file]);
    assert_eq!(answers, Some(7));
    (report, bytes)
}

#[test]
fn picture_files_become_what_the_network_sees() {
    let (report, bytes) = read(Dataset::Mnist, 784, file("ruled-paper-two.jpg"));
    assert_eq!(report, Report::Photo(false));
    assert_eq!(bytes[0].len(), 784);
    assert_eq!(bytes[1].len(), PREVIEW * PREVIEW);
    let outline = bytes[1].iter().filter(|shade| **shade == 255).count();
    assert!((40..1500).contains(&outline), "{outline} pixels of an outline");
    // A garment, and what is like a folder's images, are seen whole.
    let (report, bytes) = read(Dataset::FashionMnist, 784, file("fashion-test-0-ankle-boot.png"));
    assert_eq!((report, bytes[0].len(), bytes[1].len()), (Report::Photo(false), 784, 0));
    let (report, bytes) = read(Dataset::Folder, 36, file("ruled-paper-two.jpg"));
    assert_eq!((report, bytes[0].len(), bytes[1].len()), (Report::Photo(false), 36, 0));
}

#[test]
fn what_cannot_be_read_is_refused_with_a_reason() {
    let refused = |(report, bytes): (Report, Vec<Vec<u8>>), words: &str| {
        assert!(matches!(&report, Report::Failed(reason) if reason.contains(words)), "{report:?}");
        assert!(bytes.is_empty());
    };
    refused(read(Dataset::Mnist, 784, b"no picture".to_vec()), "neither PNG nor JPEG");
    refused(read(Dataset::Mnist, 785, file("ruled-paper-two.jpg")), "785");
    let without = answer(7, &Request::Photo { dataset: Dataset::Mnist, pixels: 784 }, &[]);
    refused((without.report, without.bytes), "neither PNG nor JPEG");
}

#[test]
fn nothing_else_is_answered() {
    for request in [Request::Open, Request::Train, Request::SelfCheck] {
        let sent = answer(9, &request, &[]);
        assert!(matches!(sent.report, Report::Failed(reason) if reason.contains("Only pictures")));
        assert_eq!(sent.answers, Some(9));
    }
}
