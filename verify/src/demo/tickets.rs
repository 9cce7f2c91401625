//! `lockproof demo tickets`: many buy from a file that says how many tickets are left.

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process;
use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use lockproof::update_file;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::show::{self, Flags, Scenario, Stage, Trouble, Way};
use super::stage::{Cast, Event};
use super::{FOLDERS, Part};
use crate::stress::Folder;

/// What is in the file.
#[derive(Serialize, Deserialize)]
struct Shop {
    count: u32,
}

/// One who buys a ticket, if there is one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Client {
    shop: PathBuf,
    reading: Duration,
    writing: Duration,
    locked: bool,
}

const READS: &str = "has read the file";
const TAKES_ONE: &str = "takes one";
const BOUGHT: &str = "bought a ticket";
const SOLD_OUT: &str = "sold out";
const TORN: &str = "found half a file";

impl Client {
    /// Looks what is left, and buys.
    pub(crate) fn run(&self) -> Result<(), Box<dyn Error>> {
        let me = process::id();
        match self.search().and_then(|left| {
            println!("{me}: {left} left");
            if self.locked { self.get() } else { self.get_without_a_lock() }
        }) {
            Ok(true) => println!("{me}: {BOUGHT}"),
            Ok(false) => println!("{me}: {SOLD_OUT}"),
            Err(error) => println!("{me}: {error}"),
        }
        Ok(())
    }

    /// Needs no lock: a file that is replaced whole is read whole.
    fn search(&self) -> Result<u32, Box<dyn Error>> {
        Ok(shop(&fs::read(&self.shop)?)?.count)
    }

    fn get_without_a_lock(&self) -> Result<bool, Box<dyn Error>> {
        let mut shop = shop(&fs::read(&self.shop)?)?;
        println!("{}: {READS}", process::id());
        sleep(self.reading);
        if shop.count == 0 {
            return Ok(false);
        }
        println!("{}: {TAKES_ONE}", process::id());
        shop.count -= 1;
        // Makes the file empty, and then writes it bit by bit.
        serde_json::to_writer(File::create(&self.shop)?, &shop)?;
        sleep(self.writing);
        Ok(true)
    }

    fn get(&self) -> Result<bool, Box<dyn Error>> {
        let mut bought = false;
        update_file(&self.shop, |old| -> Result<_, Box<dyn Error + Send + Sync>> {
            let mut shop = shop(old)?;
            println!("{}: {READS}", process::id());
            sleep(self.reading);
            if shop.count == 0 {
                return Ok(None);
            }
            println!("{}: {TAKES_ONE}", process::id());
            shop.count -= 1;
            bought = true;
            Ok(Some(serde_json::to_string(&shop)?))
        })?;
        sleep(self.writing);
        Ok(bought)
    }
}

fn shop(content: &[u8]) -> Result<Shop, String> {
    let torn = |_| format!("{TORN}: {:?}", String::from_utf8_lossy(content));
    serde_json::from_slice(content).map_err(torn)
}

/// What a fuzzer drives: whatever the file of tickets has in it, it is read, or said to be torn; and what was read can be written and
/// read again.
#[cfg(any(test, fuzzing))]
pub(super) fn fuzzed(input: &[u8]) {
    match shop(input) {
        Ok(read) => {
            let written = serde_json::to_vec(&read).expect("it goes to memory");
            assert_eq!(shop(&written).expect("just written").count, read.count);
        }
        Err(why) => assert!(why.contains(TORN) && !why.contains(char::is_control), "{why:?}"),
    }
}

/// What `lockproof demo tickets` is to do.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub(super) struct Tickets {
    /// How many buy [default: 100 without the lock, 10 with it]
    #[arg(long, value_name = "N", visible_alias = "clients",
          value_parser = clap::value_parser!(u16).range(1..=256))]
    processes: Option<u16>,

    /// How many tickets there are
    #[arg(long, value_name = "N", default_value_t = 1)]
    tickets: u32,

    /// How long each sleeps after it has read the file, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 100)]
    read: u32,

    /// How long each sleeps after it has written the file, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 200)]
    write: u32,

    /// How many are killed: in turn, one that has read the file, and one that is about to write it
    #[arg(long, value_name = "N", default_value_t = 0)]
    kills: u16,

    #[command(flatten)]
    #[serde(skip)]
    flags: Flags,
}

/// What came of one way.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub(super) struct Sold {
    processes: u16,
    tickets: u32,
    bought: u32,
    sold_out: u32,
    torn_reads: u32,
    failed: u32,
    /// How many were to be killed.
    kills: u16,
    killed: u32,
    /// What the file says in the end; none if it is no valid JSON.
    left: Option<u32>,
}

impl Scenario for Tickets {
    const NAME: &'static str = "tickets";
    type How = ();
    const WAYS: &'static [Way<()>] = &[
        Way {
            name: "unlocked",
            what: "read the file, take one, write the file",
            locked: false,
            how: (),
        },
        Way {
            name: "update_file",
            what: "the same, in a change of the file",
            locked: true,
            how: (),
        },
    ];
    type Outcome = Sold;

    fn flags(&self) -> &Flags {
        &self.flags
    }

    fn introduction(&self) -> String {
        let Self { tickets, read, write, .. } = self;
        let (some, many) = (self.clients(true), self.clients(false));
        format!(
            "A file says how many tickets there are: {tickets}. {many} processes without a lock, {some} with \
             it, look what is left, and buy one: read the file, {read} ms, write it, {write} ms."
        )
    }

    fn expected(&self) -> String {
        let Self { tickets, kills, .. } = self;
        let but = if *kills > 0 { ", but for those taken by who was killed then" } else { "" };
        format!(
            "{tickets} sold{but}, the others are told \"{SOLD_OUT}\", the file is valid at any time"
        )
    }

    fn run(&self, way: &Way<()>, stage: &mut Stage<'_>) -> Result<Sold, Trouble> {
        let folder = Folder::new(FOLDERS)?;
        let file = folder.file("tickets.json");
        open_shop(&file, self.tickets)?;
        let processes = self.clients(way.locked);
        let one = u64::from(self.read) + u64::from(self.write);
        let mut cast = Cast::new(Duration::from_millis(one * u64::from(processes)), self.kills)?;
        for _ in 0..processes {
            cast.add(Part::Buyer(self.client(&file, way.locked)))?;
        }
        let (tickets, kills) = (self.tickets, self.kills);
        let mut sold = Sold { processes, tickets, kills, ..Sold::default() };
        stage.watch(cast, |stage, cast, number, event| {
            let said = match event {
                Event::Said(words) => words.as_str(),
                Event::Killed => {
                    sold.killed += 1;
                    "was killed"
                }
                Event::Ended | Event::Quiet => return Ok(()),
            };
            let doomed = if cast.kills_left().is_multiple_of(2) { READS } else { TAKES_ONE };
            match said {
                _ if said == doomed && cast.kills_left() > 0 => cast.kill(number)?,
                READS | TAKES_ONE => return Ok(()),
                BOUGHT => sold.bought += 1,
                SOLD_OUT => sold.sold_out += 1,
                _ if said.contains(TORN) => sold.torn_reads += 1,
                _ if said.ends_with(" left") || said == "was killed" => {}
                _ => sold.failed += 1,
            }
            stage.write(&format!("  {}: {said}\n", cast.process(number)))
        })?;
        sold.left = fs::read(&file).ok().and_then(|content| shop(&content).ok()).map(|s| s.count);
        Ok(sold)
    }
}

impl Tickets {
    fn clients(&self, locked: bool) -> u16 {
        self.processes.unwrap_or(if locked { 10 } else { 100 })
    }

    fn client(&self, shop: &Path, locked: bool) -> Client {
        let milliseconds = |number: u32| Duration::from_millis(number.into());
        let (reading, writing) = (milliseconds(self.read), milliseconds(self.write));
        Client { shop: shop.to_owned(), reading, writing, locked }
    }
}

impl Sold {
    /// Tickets that are neither sold nor left, as far as that many were killed: each may have taken one before.
    fn gone_with_the_dead(&self) -> u32 {
        let known = self.bought.saturating_add(self.left.unwrap_or(0));
        self.tickets.saturating_sub(known).min(self.killed)
    }
}

fn open_shop(file: &Path, count: u32) -> Result<(), String> {
    let text = serde_json::to_string(&Shop { count }).map_err(|error| error.to_string())?;
    fs::write(file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
}

impl show::Outcome for Sold {
    fn in_words(&self) -> String {
        let Self { tickets, bought, sold_out, kills, killed, .. } = self;
        let left = self.left.map_or_else(|| "no valid file".to_owned(), |left| left.to_string());
        let mut words = format!("{bought} of {tickets} sold");
        match self.gone_with_the_dead() {
            0 => {}
            gone => words += &format!(", {gone} taken by who was killed then"),
        }
        words += &format!(", {sold_out} sold out");
        match (*killed, u32::from(*kills)) {
            (_, 0) => {}
            (killed, wanted) if killed < wanted => {
                words += &format!(", {killed} killed: no more came so far as to be");
            }
            (killed, _) => words += &format!(", {killed} killed"),
        }
        format!("{words}; left: {left}")
    }

    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let Self { tickets, bought, sold_out, torn_reads, failed, killed, .. } = *self;
        // One who is killed may have taken a ticket before.
        let (out, at_most) = (u64::from(bought) + u64::from(self.left.unwrap_or(0)), tickets);
        if out > u64::from(at_most) {
            wrong.push(format!("{} sold too many", out - u64::from(at_most)));
        }
        if out + u64::from(killed) < u64::from(at_most) {
            wrong.push(format!("{} lost", u64::from(at_most) - out - u64::from(killed)));
        }
        if self.left.is_none() {
            wrong.push("no valid JSON is left".to_owned());
        }
        if self.left > Some(0) && sold_out > 0 {
            wrong.push("some were told \"sold out\" while there were any".to_owned());
        }
        if torn_reads > 0 {
            wrong.push(format!("half a file was read {torn_reads} times"));
        }
        if failed > 0 {
            wrong.push(format!("{failed} failed otherwise"));
        }
        wrong
    }

    fn done(&self) -> Option<(u64, &'static str)> {
        Some((self.processes.into(), "client"))
    }
}

#[cfg(test)]
mod tests {
    use super::Sold;
    use super::show::Outcome;

    #[test]
    fn a_ticket_that_went_with_a_dead_buyer_is_accounted_for() {
        let all = Sold { processes: 4, tickets: 2, left: Some(0), ..Sold::default() };
        let table = [
            (Sold { bought: 2, sold_out: 2, ..all }, "2 of 2 sold, 2 sold out; left: 0", true),
            (
                Sold { bought: 1, sold_out: 2, kills: 3, killed: 1, ..all },
                "1 of 2 sold, 1 taken by who was killed then, 2 sold out, 1 killed: no more came \
                 so far as to be; left: 0",
                true,
            ),
            (
                Sold { bought: 2, sold_out: 1, kills: 1, killed: 1, ..all },
                "2 of 2 sold, 1 sold out, 1 killed; left: 0",
                true,
            ),
            (Sold { bought: 1, sold_out: 3, ..all }, "1 of 2 sold, 3 sold out; left: 0", false),
            (
                Sold { bought: 2, sold_out: 1, left: None, ..all },
                "2 of 2 sold, 1 sold out; left: no valid file",
                false,
            ),
        ];
        for (sold, words, is_right) in table {
            assert_eq!(sold.in_words(), words);
            assert_eq!(sold.wrong().is_empty(), is_right, "{words}: {:?}", sold.wrong());
        }
    }
}
