//! What is measured of whom.

use super::measure::{Rig, Sample};

/// One kind of work, and all who do it.
pub(super) struct Case {
    /// Its name: the primitive, and what is done with it.
    pub(super) id: &'static str,
    /// What is done.
    pub(super) what: &'static str,
    pub(super) unit: Unit,
    /// Ours first.
    pub(super) contenders: Vec<Contender>,
}

/// Who does it.
pub(super) struct Contender {
    pub(super) name: &'static str,
    pub(super) death: Death,
    pub(super) run: fn(&Rig) -> Result<Sample, String>,
    /// What the machine lacks without which it cannot be measured.
    pub(super) lacks: fn() -> Option<&'static str>,
    /// Whether its instructions can be counted: all that it does is done by a process that this one has forked.
    pub(super) countable: bool,
}

impl Contender {
    /// One that can be measured wherever the command runs.
    pub(super) const fn new(
        name: &'static str,
        death: Death,
        run: fn(&Rig) -> Result<Sample, String>,
    ) -> Self {
        Self { name, death, run, lacks: || None, countable: true }
    }

    pub(super) fn is_ours(&self) -> bool {
        self.death == Death::Ours
    }
}

/// What becomes of the others when one of them dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Death {
    /// They go on: this is ours.
    Ours,
    /// They go on.
    Survived,
    /// They hang for ever.
    Hangs,
    /// Nobody holds anything.
    Nothing,
}

impl Death {
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::Ours | Self::Survived => "survives",
            Self::Hangs => "hangs",
            Self::Nothing => "no lock",
        }
    }
}

/// What figures are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nanoseconds of processor time; fewer are better.
    Nanoseconds,
    /// Microseconds; fewer are better.
    Microseconds,
    /// Millions in a second; more are better.
    Millions,
    /// Instructions; fewer are better.
    Instructions,
    /// Executions of a model in a second; more are better.
    Executions,
}

impl Unit {
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Microseconds => "us",
            Self::Millions => "M/s",
            Self::Instructions => "instructions",
            Self::Executions => "executions/s",
        }
    }

    pub(super) const fn more_is_better(self) -> bool {
        matches!(self, Self::Millions | Self::Executions)
    }
}
