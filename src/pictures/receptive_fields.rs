//! The weights that the engine has told: faces, mosaic and connections are drawn from them.

/// The numbers of a message's bytes, little-endian.
pub fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    bytes.chunks_exact(4).map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]]))
}

/// Weights by layer and neuron. Layers are counted from 0, the first hidden one; the last is the output.
#[derive(Clone, Debug, Default)]
pub struct ReceptiveFields {
    layers: Vec<Vec<Vec<f32>>>,
}

impl ReceptiveFields {
    /// The weights by which a neuron is reached, one for each sender; none where they were not told.
    pub fn into_neuron(&self, layer: usize, neuron: usize) -> Option<&[f32]> {
        self.layers.get(layer)?.get(neuron).filter(|weights| !weights.is_empty()).map(Vec::as_slice)
    }

    /// The engine told those of these neurons: f32, little-endian, [neurons, N].
    pub fn take(&mut self, layer: usize, neurons: &[usize], bytes: &[u8]) {
        let each = bytes.len() / neurons.len().max(1);
        if each == 0 {
            return;
        }
        if layer >= self.layers.len() {
            self.layers.resize(layer + 1, Vec::new());
        }
        let told = &mut self.layers[layer];
        for (neuron, bytes) in neurons.iter().zip(bytes.chunks_exact(each)) {
            if *neuron >= told.len() {
                told.resize(neuron + 1, Vec::new());
            }
            told[*neuron] = floats(bytes).collect();
        }
    }

    /// The network is another one: nothing is known of it.
    pub fn clear(&mut self) {
        self.layers.clear();
    }
}
