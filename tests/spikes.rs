//! Spike trains and how pixels become spikes.

use proptest::prelude::*;
use spiking_playground::spikes::encode::{Pass, rate};
use spiking_playground::spikes::{SpikeTrain, words_for};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn dense_and_packed_are_the_same(batch in 1..3_usize, neurons in 1..9_usize, time_steps in 1..100_usize, seed in any::<u64>()) {
        let bit = |i: usize| f32::from(u8::from(seed.rotate_left(i as u32 % 64) & 3 == 0));
        let dense: Vec<f32> = (0..batch * neurons * time_steps).map(bit).collect();
        let train = SpikeTrain::from_dense(batch, neurons, time_steps, &dense);
        prop_assert_eq!(train.to_dense(), dense.clone());
        prop_assert_eq!(train.count(), dense.iter().filter(|s| **s > 0.5).count() as u64);
        let again = SpikeTrain::from_words(batch, neurons, time_steps, train.words().to_vec()).unwrap();
        prop_assert_eq!(again, train);
    }
}

#[test]
fn words_that_are_no_spike_train_are_refused() {
    assert!(SpikeTrain::from_words(1, 2, 33, vec![0; 3]).unwrap_err().to_string().contains("4"));
    assert!(SpikeTrain::from_words(1, 1, 25, vec![1 << 25]).unwrap_err().to_string().contains("25"));
    assert!(SpikeTrain::from_words(1, 1, 32, vec![1 << 31]).is_ok());
}

/// A pixel spikes with probability pixel/256: over 64,000 draws the share is within five standard deviations.
#[test]
fn rates_are_the_pixels() {
    let image: Vec<u8> = (0..=255).collect();
    let samples: Vec<u64> = (0..640).collect();
    let images: Vec<&[u8]> = samples.iter().map(|_| image.as_slice()).collect();
    let train = rate(&images, &samples, 3, Pass::Training(2), 100);
    for pixel in 0..256 {
        let count: u32 = (0..640).map(|sample| train.count_of(sample, pixel)).sum();
        let (n, p) = (64_000.0, pixel as f64 / 256.0);
        let deviation = (f64::from(count) - n * p).abs();
        assert!(deviation <= 5.0 * (n * p * (1.0 - p)).sqrt() + 1e-9, "pixel {pixel}: {count} spikes");
    }
}

/// Neighbouring time steps, pixels, samples and passes are independent: they agree as often as chance has it.
#[test]
fn neighbours_are_independent() {
    let image = vec![128_u8; 784];
    let train = |sample: u64, pass: Pass| rate(&[&image], &[sample], 1, pass, 64);
    let agree = |a: &SpikeTrain, b: &SpikeTrain| {
        let same: u32 = a.words().iter().zip(b.words()).map(|(a, b)| (!(a ^ b)).count_ones()).sum();
        f64::from(same) / (784.0 * 64.0)
    };
    let first = train(0, Pass::Training(0));
    for other in
        [train(1, Pass::Training(0)), train(0, Pass::Training(1)), train(0, Pass::Evaluation), train(0, Pass::Drawing)]
    {
        // 50,176 fair coins: five standard deviations are 0.0112.
        assert!((agree(&first, &other) - 0.5).abs() < 0.0112);
    }
    let shifted =
        SpikeTrain::from_words(1, 784, 64, first.words().iter().map(|word| word.rotate_left(1)).collect()).unwrap();
    assert!((agree(&first, &shifted) - 0.5).abs() < 0.0112);
}

/// The spikes of one place, once and for all: whoever changes them changes every experiment.
#[test]
fn spikes_are_the_same_everywhere() {
    let train = rate(&[&[0, 1, 100, 255]], &[59_999], 42, Pass::Training(7), 40);
    assert_eq!(train.words(), GOLDEN);
}

const GOLDEN: [u32; 8] = [0, 0, 0, 0, 2_253_092_899, 136, u32::MAX, 255];

/// A spike does not depend on how long the image is shown.
#[test]
fn more_time_steps_only_add() {
    let image: Vec<u8> = (0..200).collect();
    let (short, long) =
        (rate(&[&image], &[5], 1, Pass::Evaluation, 25), rate(&[&image], &[5], 1, Pass::Evaluation, 90));
    assert_eq!(words_for(90), 3);
    for pixel in 0..200 {
        assert!((0..25).all(|t| short.fires(0, pixel, t) == long.fires(0, pixel, t)));
    }
}
