//! States as bytes: what the search keeps of them.

use super::fences::{Fence, UNTOUCHED};
use super::places::Places;
use super::state::{Cell, Message, Overtaken, Phase, State, Thread, Why, Word};
use super::view::View;
use super::{MOST_WORDS, Shape};

const RUNS_OVERTAKEN: u8 = 8;
/// Asleep elsewhere than on the only word that was asked for.
const SLEEPS_SOMEWHERE: u8 = 9;
const ENTERS: u8 = 10;
const ENTERS_FOUND: u8 = 11;
const LEAVES: u8 = 12;
const WHYS: [Why; 5] = [Why::Woken, Why::Changed, Why::Late, Why::BeginsAnew, Why::Dies];

/// Writes a state down. Two states are the same if and only if their bytes are.
pub(super) fn encode(state: &State, shape: &Shape, bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.extend([state.deaths, state.died_holding]);
    for thread in &state.threads {
        encode_thread(thread, shape, bytes);
    }
    for word in &state.words {
        bytes.push(word.messages.len() as u8);
        if word.messages.len() > 1 {
            bytes.extend([word.published, word.locked]);
        }
        for message in &word.messages {
            number(message.value, bytes);
            bytes.push(message.attached.into());
            view(&message.tells, shape, bytes);
        }
    }
    for cell in &state.cells {
        number(cell.value, bytes);
        number(cell.readers.into(), bytes);
    }
    if shape.needs.fences {
        bytes.push(state.fences.len() as u8);
        for fence in &state.fences {
            bytes.extend(&fence.knows[..shape.words]);
            bytes.extend(&fence.touched[..shape.words]);
            number(fence.before.into(), bytes);
        }
    }
}

fn encode_thread(thread: &Thread, shape: &Shape, bytes: &mut Vec<u8>) {
    match thread.phase {
        Phase::Runs if thread.overtaken == Overtaken::NOT => bytes.push(0),
        Phase::Runs => {
            let Overtaken { word, until } = thread.overtaken;
            bytes.extend([RUNS_OVERTAKEN, word, until]);
        }
        Phase::Sleeps if thread.places == Places::ONE => bytes.push(1),
        Phase::Sleeps => {
            bytes.push(SLEEPS_SOMEWHERE);
            places(&thread.places, bytes);
        }
        Phase::Enters { next, found } => {
            bytes.extend([if found { ENTERS_FOUND } else { ENTERS }, next]);
            places(&thread.places, bytes);
        }
        Phase::Leaves(why) => {
            bytes.push(LEAVES + self::why(why));
            places(&thread.places, bytes);
        }
        Phase::Ended => bytes.push(2),
        Phase::Dead => bytes.push(3),
        Phase::Cleanup { list, at, wakes, died } => {
            bytes.push(4 + u8::from(wakes) + 2 * u8::from(died));
            number(list.into(), bytes);
            bytes.push(at);
        }
    }
    number(thread.node.into(), bytes);
    if thread.phase.is_over() {
        return;
    }
    view(&thread.knows, shape, bytes);
    if matches!(thread.phase, Phase::Cleanup { .. }) {
        return;
    }
    bytes.extend(&thread.floor[..shape.words]);
    if shape.needs.fences {
        view(&thread.heard, shape, bytes);
        view(&thread.fenced, shape, bytes);
    }
}

/// A number for each reason.
pub(super) fn why(why: Why) -> u8 {
    WHYS.iter().position(|known| *known == why).unwrap_or_default() as u8
}

fn places(places: &Places, bytes: &mut Vec<u8>) {
    bytes.push(places.bytes().len() as u8);
    bytes.extend(places.bytes());
}

fn view(view: &View, shape: &Shape, bytes: &mut Vec<u8>) {
    bytes.extend(&view.at[..shape.words]);
    for known in &view.cells[..shape.cells] {
        // The highest bit comes first, to keep small what is usual.
        number(known.rotate_left(1).into(), bytes);
    }
    if shape.needs.fences {
        number(view.fences.into(), bytes);
    }
}

/// Seven bits in a byte, the lowest first.
fn number(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Reads a state that [`encode`] wrote down.
pub(super) fn decode(bytes: &[u8], shape: &Shape, state: &mut State) {
    let mut reader = Reader { bytes, at: 0 };
    (state.deaths, state.died_holding) = (reader.byte(), reader.byte());
    state.threads.clear();
    for _ in 0..shape.threads {
        state.threads.push(reader.thread(shape));
    }
    state.words.resize_with(shape.words, || Word { messages: Vec::new(), published: 0, locked: 0 });
    for word in &mut state.words {
        let messages = reader.byte();
        (word.published, word.locked) =
            if messages > 1 { (reader.byte(), reader.byte()) } else { (0, 0) };
        word.messages.clear();
        for _ in 0..messages {
            let (value, attached) = (reader.number(), reader.byte() == 1);
            word.messages.push(Message { value, attached, tells: reader.view(shape) });
        }
    }
    state.cells.clear();
    for _ in 0..shape.cells {
        state.cells.push(Cell { value: reader.number(), readers: reader.number() as u16 });
    }
    state.fences.clear();
    for _ in 0..if shape.needs.fences { reader.byte() } else { 0 } {
        let fence = reader.fence(shape);
        state.fences.push(fence);
    }
    debug_assert_eq!(reader.at, bytes.len(), "all of it was read");
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> u8 {
        self.at += 1;
        self.bytes[self.at - 1]
    }

    fn number(&mut self) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return value;
            }
            shift += 7;
        }
    }

    fn view(&mut self, shape: &Shape) -> View {
        let mut view = View::NOTHING;
        view.at[..shape.words].copy_from_slice(&self.bytes[self.at..self.at + shape.words]);
        self.at += shape.words;
        for known in &mut view.cells[..shape.cells] {
            *known = (self.number() as u16).rotate_right(1);
        }
        if shape.needs.fences {
            view.fences = self.number() as u16;
        }
        view
    }

    fn fence(&mut self, shape: &Shape) -> Fence {
        let mut fence =
            Fence { knows: [0; MOST_WORDS], touched: [UNTOUCHED; MOST_WORDS], before: 0 };
        for words in [&mut fence.knows, &mut fence.touched] {
            words[..shape.words].copy_from_slice(&self.bytes[self.at..self.at + shape.words]);
            self.at += shape.words;
        }
        fence.before = self.number() as u16;
        fence
    }

    fn places(&mut self) -> Places {
        let length = usize::from(self.byte());
        self.at += length;
        Places::of_bytes(&self.bytes[self.at - length..self.at])
    }

    fn thread(&mut self, shape: &Shape) -> Thread {
        let (mut overtaken, mut places) = (Overtaken::NOT, Places::NONE);
        let phase = match self.byte() {
            0 => Phase::Runs,
            RUNS_OVERTAKEN => {
                overtaken = Overtaken { word: self.byte(), until: self.byte() };
                Phase::Runs
            }
            1 => {
                places = Places::ONE;
                Phase::Sleeps
            }
            SLEEPS_SOMEWHERE => {
                places = self.places();
                Phase::Sleeps
            }
            coded @ (ENTERS | ENTERS_FOUND) => {
                let (next, found) = (self.byte(), coded == ENTERS_FOUND);
                places = self.places();
                Phase::Enters { next, found }
            }
            coded @ LEAVES.. => {
                places = self.places();
                Phase::Leaves(WHYS[usize::from(coded - LEAVES)])
            }
            2 => Phase::Ended,
            3 => Phase::Dead,
            coded => {
                let (wakes, died) = ((coded - 4) & 1 == 1, (coded - 4) & 2 == 2);
                Phase::Cleanup { list: self.number() as u16, at: self.byte(), wakes, died }
            }
        };
        let mut thread = Thread {
            node: self.number() as u32,
            phase,
            knows: View::NOTHING,
            heard: View::NOTHING,
            fenced: View::NOTHING,
            floor: [0; MOST_WORDS],
            overtaken,
            places,
        };
        if phase.is_over() {
            return thread;
        }
        thread.knows = self.view(shape);
        if matches!(phase, Phase::Cleanup { .. }) {
            return thread;
        }
        thread.floor[..shape.words].copy_from_slice(&self.bytes[self.at..self.at + shape.words]);
        self.at += shape.words;
        if shape.needs.fences {
            thread.heard = self.view(shape);
            thread.fenced = self.view(shape);
        }
        thread
    }
}
