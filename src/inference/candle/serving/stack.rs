//! Embeddings, layers, pooling and head, over one kind of product.

use std::ops::Range;

use candle_core::{Result, bail};
use rayon::prelude::*;

use super::attention::{Head, Place};
use super::product::Product;
use super::rows::{self, NormRow};
use super::scratch::Scratch;
use super::table::Table;
use crate::inference::candle::Floats;
use crate::inference::candle::encoder::EncoderConfig;
use crate::inference::candle::math::dot;
use crate::inference::candle::norm::Norm;
use crate::inference::candle::packed::Packed;
use crate::inference::candle::weights::{self, Tensors};

/// Rows a core takes at a time: what a block is turned into on its way stays within a core's own cache.
const MOST_ROWS: usize = 64;
/// Blocks are cut at multiples of this, the height of the products' register tile.
const TILE_ROWS: usize = 8;

pub(super) struct Stack<P: Product> {
    heads: usize,
    hidden: usize,
    word: Table,
    position: Table,
    /// Row 0 of the token types: a text is never a pair.
    token_type: Vec<f32>,
    norm: NormRow,
    layers: Vec<Layer<P>>,
    /// `[HEAD_ROWS, hidden]` and `[HEAD_ROWS]`.
    head: (Vec<f32>, Vec<f32>),
    buffers: Buffers,
    blocks: Scratch<Block<P>>,
    head_buffers: Scratch<Head>,
}

struct Layer<P> {
    qkv: P,
    out: P,
    attention_norm: NormRow,
    up: P,
    down: P,
    output_norm: NormRow,
}

/// Matrices over all tokens of a batch.
#[derive(Default)]
struct Buffers {
    /// `[tokens, hidden]`
    states: Vec<f32>,
    /// `[tokens, 3 · hidden]`
    qkv: Vec<f32>,
    /// For each text, for each head, `[tokens of the text, head size]`.
    context: Vec<f32>,
}

/// What a core needs for one block of rows.
struct Block<P: Product> {
    input: P::Input,
    activated: P::Input,
    sums: Vec<P::Sum>,
    row: Vec<f32>,
}

impl<P: Product> Default for Block<P> {
    fn default() -> Self {
        Self { input: P::Input::default(), activated: P::Input::default(), sums: Vec::new(), row: Vec::new() }
    }
}

impl<P: Product> Stack<P> {
    pub(super) fn new(config: &EncoderConfig, named: &impl Tensors) -> Result<Self> {
        let hidden = config.hidden_size;
        let table = |name: &str, rows| weights::table(named, name, &[rows, hidden]);
        let token_type = table("token_type_embeddings", config.type_vocab_size)?;
        let mut first = vec![0.0; hidden];
        Table::new(&token_type)?.read(0, &mut first);
        let head = weights::head(config, named)?;
        Ok(Self {
            heads: config.num_attention_heads,
            hidden,
            word: Table::words(weights::words(config, named)?, hidden)?,
            position: Table::new(&table("position_embeddings", config.max_position_embeddings)?)?,
            token_type: first,
            norm: norm_row(&weights::norm(named, "embeddings", config)?)?,
            layers: (0..config.num_hidden_layers).map(|i| layer(config, named, i)).collect::<Result<_>>()?,
            head: (Floats::of(&head.weight)?.to_vec(), Floats::of(&head.bias)?.to_vec()),
            buffers: Buffers::default(),
            blocks: Scratch::default(),
            head_buffers: Scratch::default(),
        })
    }

    pub(super) fn logits(&mut self, packed: &Packed) -> Result<Vec<f32>> {
        self.check(packed)?;
        let mut buffers = std::mem::take(&mut self.buffers);
        let tokens = packed.ids().len();
        buffers.states.resize(tokens * self.hidden, 0.0);
        buffers.qkv.resize(tokens * 3 * self.hidden, 0.0);
        buffers.context.resize(tokens * self.hidden, 0.0);
        // One call into the pool for the whole batch: entering it from outside costs a sleep and a wake.
        let logits = rayon::scope(|_| {
            self.encode(packed, &mut buffers);
            self.read_out(packed, &buffers.states)
        });
        self.buffers = buffers;
        Ok(logits)
    }

    fn check(&self, packed: &Packed) -> Result<()> {
        if let Some(id) = packed.ids().iter().find(|id| **id as usize >= self.word.rows()) {
            bail!("token id {id} is outside the vocabulary of {}", self.word.rows());
        }
        if packed.rows().any(|rows| rows.len() > self.position.rows()) {
            bail!("a text has more than {} tokens", self.position.rows());
        }
        Ok(())
    }

    fn encode(&self, packed: &Packed, buffers: &mut Buffers) {
        let places: Vec<Range<usize>> =
            packed.rows().flat_map(|rows| std::iter::repeat_n(rows.clone(), rows.len())).collect();
        let height = block_rows::<P>(places.len());
        let Buffers { states, qkv, context } = buffers;
        let first = self.layers.first().map(|layer| &layer.qkv);
        self.for_blocks(height, states, qkv, |start, states, qkv, block| {
            self.embed(packed, &places, start, states);
            multiply_next(first, states, qkv, block);
        });
        for (i, layer) in self.layers.iter().enumerate() {
            self.attend(packed, qkv, context);
            let next = self.layers.get(i + 1).map(|layer| &layer.qkv);
            self.for_blocks(height, states, qkv, |start, states, qkv, block| {
                let count = states.len() / self.hidden;
                self.gather_context(&places, start..start + count, context, block);
                layer.run(states, block);
                multiply_next(next, states, qkv, block);
            });
        }
    }

    /// Runs `work` on blocks of `height` rows: first row, states, queries-keys-values, buffers.
    fn for_blocks(
        &self,
        height: usize,
        states: &mut [f32],
        qkv: &mut [f32],
        work: impl Fn(usize, &mut [f32], &mut [f32], &mut Block<P>) + Sync,
    ) {
        let states = states.par_chunks_mut(height * self.hidden);
        let qkv = qkv.par_chunks_mut(height * 3 * self.hidden);
        states.zip(qkv).enumerate().for_each(|(i, (states, qkv))| {
            self.blocks.lend(|block| work(i * height, states, qkv, block));
        });
    }

    fn embed(&self, packed: &Packed, places: &[Range<usize>], start: usize, states: &mut [f32]) {
        let mut place = vec![0.0; self.hidden];
        for (i, state) in states.chunks_exact_mut(self.hidden).enumerate() {
            let token = start + i;
            self.word.read(packed.ids()[token] as usize, state);
            self.position.read(token - places[token].start, &mut place);
            rows::add_rows(&mut place, 1.0, &self.token_type);
            rows::residual_norm(state, &place, &self.norm);
        }
    }

    /// Context of every head of every text.
    fn attend(&self, packed: &Packed, qkv: &[f32], context: &mut [f32]) {
        let size = self.hidden / self.heads;
        let mut work = Vec::with_capacity(packed.texts() * self.heads);
        for (out, rows) in packed.split_mut(context, self.hidden).into_iter().zip(packed.rows()) {
            let qkv = &qkv[rows.start * 3 * self.hidden..rows.end * 3 * self.hidden];
            let heads = out.chunks_exact_mut(rows.len() * size).enumerate();
            work.extend(heads.map(|(head, out)| (head, qkv, out)));
        }
        work.into_par_iter().for_each(|(head, qkv, out)| {
            let place = Place { head, size, hidden: self.hidden };
            self.head_buffers.lend(|buffer| buffer.attend(qkv, place, out));
        });
    }

    /// The context of `tokens`, heads side by side again, as the input of a product.
    fn gather_context(
        &self,
        places: &[Range<usize>],
        tokens: Range<usize>,
        context: &[f32],
        block: &mut Block<P>,
    ) {
        let size = self.hidden / self.heads;
        P::resize(&mut block.input, tokens.len(), self.hidden);
        block.row.resize(self.hidden, 0.0);
        for (i, token) in tokens.enumerate() {
            let text = &places[token];
            let context = &context[text.start * self.hidden..text.end * self.hidden];
            let at = (token - text.start) * size;
            for (row, head) in block.row.chunks_exact_mut(size).zip(context.chunks_exact(text.len() * size)) {
                row.copy_from_slice(&head[at..at + size]);
            }
            P::put(&mut block.input, i, &block.row);
        }
    }

    /// Mean over each text's tokens, then the head.
    fn read_out(&self, packed: &Packed, states: &[f32]) -> Vec<f32> {
        let (weight, bias) = &self.head;
        let mut logits = Vec::with_capacity(packed.texts() * bias.len());
        for tokens in packed.rows() {
            let mut mean = vec![0.0; self.hidden];
            let rows = &states[tokens.start * self.hidden..tokens.end * self.hidden];
            rows::add_rows(&mut mean, 1.0 / tokens.len() as f32, rows);
            logits.extend(weight.chunks_exact(self.hidden).zip(bias).map(|(w, b)| dot(&mean, w) + b));
        }
        logits
    }
}

impl<P: Product> Layer<P> {
    /// From the context in `block.input` and the layer's input in `states` to its output in `states`.
    fn run(&self, states: &mut [f32], block: &mut Block<P>) {
        let width = self.attention_norm.gamma.len();
        let count = states.len() / width;
        block.multiply(&self.out, count);
        for (i, state) in states.chunks_exact_mut(width).enumerate() {
            self.out.row(&block.input, i, &block.sums, &mut block.row);
            rows::residual_norm(state, &block.row, &self.attention_norm);
        }
        block.put_all(states, width);
        block.multiply(&self.up, count);
        P::resize(&mut block.activated, count, self.up.width());
        for i in 0..count {
            self.up.row(&block.input, i, &block.sums, &mut block.row);
            rows::gelu(&mut block.row);
            P::put(&mut block.activated, i, &block.row);
        }
        std::mem::swap(&mut block.input, &mut block.activated);
        block.multiply(&self.down, count);
        for (i, state) in states.chunks_exact_mut(width).enumerate() {
            self.down.row(&block.input, i, &block.sums, &mut block.row);
            rows::residual_norm(state, &block.row, &self.output_norm);
        }
    }
}

impl<P: Product> Block<P> {
    fn put_all(&mut self, states: &[f32], width: usize) {
        P::resize(&mut self.input, states.len() / width, width);
        for (i, state) in states.chunks_exact(width).enumerate() {
            P::put(&mut self.input, i, state);
        }
    }

    /// Leaves `count` rows of sums in `sums`, and `row` as wide as one.
    fn multiply(&mut self, product: &P, count: usize) {
        let needed = count * product.width();
        if self.sums.len() < needed {
            self.sums.resize(needed, P::Sum::default());
        }
        product.multiply(&self.input, &mut self.sums);
        self.row.resize(product.width(), 0.0);
    }
}

/// Queries, keys and values for the layer that comes next, if one does.
fn multiply_next<P: Product>(next: Option<&P>, states: &[f32], qkv: &mut [f32], block: &mut Block<P>) {
    let Some(next) = next else { return };
    let width = next.width() / 3;
    block.put_all(states, width);
    block.multiply(next, states.len() / width);
    for (i, out) in qkv.chunks_exact_mut(3 * width).enumerate() {
        next.row(&block.input, i, &block.sums, out);
    }
}

/// As even a share for every core as tiles allow, and no more than fits its cache.
fn block_rows<P: Product>(tokens: usize) -> usize {
    if tokens <= P::ROWS_TOGETHER {
        return tokens;
    }
    let share = tokens.div_ceil(rayon::current_num_threads());
    let blocks = share.div_ceil(MOST_ROWS);
    share.div_ceil(blocks).next_multiple_of(TILE_ROWS)
}

fn layer<P: Product>(config: &EncoderConfig, named: &impl Tensors, i: usize) -> Result<Layer<P>> {
    let layer = weights::layer(config, named, i)?;
    Ok(Layer {
        qkv: P::new(&layer.qkv)?,
        out: P::new(&layer.out)?,
        attention_norm: norm_row(&layer.attention_norm)?,
        up: P::new(&layer.up)?,
        down: P::new(&layer.down)?,
        output_norm: norm_row(&layer.output_norm)?,
    })
}

fn norm_row(norm: &Norm) -> Result<NormRow> {
    let read = |tensor| Ok::<_, candle_core::Error>(Floats::of(tensor)?.to_vec());
    Ok(NormRow { gamma: read(&norm.gamma)?, beta: read(&norm.beta)?, epsilon: norm.epsilon })
}
