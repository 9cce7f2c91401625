//! Random programs with a loop each, whose mark says three variables, or leaves some of them out.

use fastrand::Rng;
use lockproof::platform::Ordering::{AcqRel, Acquire, Relaxed};
use lockproof_verify::model::{Log, Model, Outcome, Sometimes};
use lockproof_verify::platform::{Facts, World};

/// Each variable has so many values.
const VALUES: usize = 3;
/// All that the first process remembers from one round to the next.
type Variables = [u8; 3];

/// What it does in a round.
#[derive(Clone, Copy, Debug)]
enum Does {
    Load(usize),
    Swap(usize, u32),
    Exchange(usize, u32, u32),
    Leave,
}

/// A program: what is done with the variables as they are, and what they are after that, by the result.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    does: Vec<Does>,
    then: Vec<[Variables; VALUES]>,
    tells: Option<usize>,
    /// Which of the variables the mark says.
    said: [bool; 3],
}

impl Drawn {
    /// The program of that number. Its mark leaves something out.
    pub(crate) fn new(number: u64) -> Self {
        let rng = &mut Rng::with_seed(number);
        let all = VALUES.pow(3);
        // What is done is mostly a matter of the first variable, and now and then of another one.
        let mostly: [Does; VALUES] = std::array::from_fn(|_| does(rng));
        let rarely = rng.u8(1..=6);
        let does = (0..all)
            .map(|at| match variables(at)[0] {
                _ if rng.u8(..20) < rarely => does(rng),
                2 if rng.u8(..3) == 0 => Does::Leave,
                first => mostly[usize::from(first)],
            })
            .collect();
        // The first variable changes, the others seldom.
        let first: [[u8; VALUES]; VALUES] = std::array::from_fn(|_| value_each(rng));
        let then = (0..all)
            .map(|at| {
                let [one, two, three] = variables(at);
                std::array::from_fn(|result| {
                    let seldom = |rng: &mut Rng, same| {
                        if rng.u8(..5) == 0 { rng.u8(..VALUES as u8) } else { same }
                    };
                    [first[usize::from(one)][result], seldom(rng, two), seldom(rng, three)]
                })
            })
            .collect();
        let tells = rng.bool().then(|| rng.usize(..3));
        let mut said = [true; 3];
        said[rng.usize(..3)] = false;
        said[rng.usize(..3)] = false;
        Self { does, then, tells, said }
    }

    /// The same, whose mark leaves nothing out.
    pub(crate) fn right(&self) -> Self {
        Self { said: [true; 3], ..self.clone() }
    }
}

fn value_each(rng: &mut Rng) -> [u8; VALUES] {
    std::array::from_fn(|_| rng.u8(..VALUES as u8))
}

fn does(rng: &mut Rng) -> Does {
    let (word, value) = (rng.usize(..2), rng.u32(..VALUES as u32));
    match rng.u8(..6) {
        0..3 => Does::Load(word),
        3 => Does::Swap(word, value),
        4 => Does::Exchange(word, value, rng.u32(..VALUES as u32)),
        _ => Does::Leave,
    }
}

fn variables(at: usize) -> Variables {
    [at / 9, at / 3 % 3, at % 3].map(|value| value as u8)
}

fn index([one, two, three]: Variables) -> usize {
    usize::from(one) * 9 + usize::from(two) * 3 + usize::from(three)
}

impl Model for Drawn {
    type Shared<W: World> = [W::Word; 3];

    fn processes(&self) -> usize {
        2
    }

    fn share<W: World>(&self, p: &W) -> [W::Word; 3] {
        ["a", "b", "c"].map(|name| p.new_word(name))
    }

    fn process<W: World>(&self, p: &W, words: &[W::Word; 3], index_of: usize, _: &Log) {
        if index_of > 0 {
            for (word, value) in [(0, 1), (1, 1), (0, 2), (1, 0), (0, 0)] {
                p.swap(&words[word], value, AcqRel);
            }
            return;
        }
        let scope = p.scope();
        let mut variables = [0; 3];
        loop {
            let said = |which: usize| self.said[which].then_some(variables[which]);
            p.at(scope, [said(0), said(1), said(2)]);
            let result = match self.does[index(variables)] {
                Does::Load(word) => p.load(&words[word], Acquire),
                Does::Swap(word, value) => p.swap(&words[word], value, AcqRel),
                Does::Exchange(word, from, to) => p
                    .compare_exchange(&words[word], from, to, AcqRel, Relaxed)
                    .unwrap_or_else(|seen| seen),
                Does::Leave => break,
            };
            variables = self.then[index(variables)][result as usize % VALUES];
        }
        if let Some(which) = self.tells {
            p.swap(&words[2], 10 + u32::from(variables[which]), Relaxed);
        }
    }

    fn end<W: World>(&self, p: &W, words: &[W::Word; 3], _: &Log, _: Facts) -> Outcome {
        let values = words.each_ref().map(|word| p.load(word, Relaxed));
        Outcome { result: format!("{values:?}"), wrong: None }
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        Vec::new()
    }
}
