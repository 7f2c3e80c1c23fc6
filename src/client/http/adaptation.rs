//! The number of requests at once against one host, adapted to its answers.
//!
//! On a long line the number decides the speed: eight requests at once with a round trip of 100 ms are 80 requests a
//! second, however fast the server is. On a short line a higher number only makes requests wait inside the server. The
//! number is doubled as long as answers come about as fast as the fastest ones, falls back when they slow down, and is
//! halved at once when the server is overloaded. The idea is that of TCP Vegas and of Netflix's gradient limits:
//! <https://github.com/Netflix/concurrency-limits>.

use std::time::{Duration, Instant};

/// Requests at once at the start. The number falls below it only after an overload.
const START: usize = 8;
/// Fewest requests at once.
const LEAST: usize = 2;
/// Most requests at once over HTTP/1.1. Each has a connection of its own.
const MOST: usize = 32;
/// Most requests at once over HTTP/2. They share a connection.
const MOST_HTTP2: usize = 64;
/// How much slower than the fastest answer an answer may be without being slow, besides half of that time.
const SLACK: Duration = Duration::from_millis(2);
/// How long the number is not raised after an overload.
const REST: Duration = Duration::from_secs(60);

/// The kinds of requests, whose answers take a server different times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestKind {
    /// Only a head comes back.
    Head,
    /// A manifest or a list.
    Manifest,
    /// A blob, possibly after a redirect to a storage.
    Blob,
}

/// The number of requests at once, and the observations that it follows from.
#[derive(Debug)]
pub(crate) struct Adaptation {
    most: usize,
    /// The time of the fastest answer of each kind. It grows a little with each round, so that it follows a line that
    /// became slower.
    fastest: [Option<Duration>; 3],
    round: Round,
    /// The end of the rest after an overload.
    rests_until: Option<Instant>,
}

/// The answers since the number was last considered.
#[derive(Debug, Default)]
struct Round {
    answers: usize,
    /// Those that came about as fast as the fastest ones.
    fast: usize,
    /// Whether a request had to wait for others.
    was_full: bool,
}

impl Default for Adaptation {
    fn default() -> Adaptation {
        Adaptation { most: START, fastest: [None; 3], round: Round::default(), rests_until: None }
    }
}

impl Adaptation {
    /// Creates an adaptation that begins with another number.
    #[cfg(test)]
    pub(crate) fn beginning_with(most: usize) -> Adaptation {
        Adaptation { most, ..Adaptation::default() }
    }

    /// Returns the number of requests that may run at once.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Records that a request had to wait for others.
    pub(crate) fn record_full(&mut self) {
        self.round.was_full = true;
    }

    /// Records the time from sending a request to the head of its answer.
    pub(crate) fn record_answer(&mut self, kind: RequestKind, took: Duration, is_http2: bool, now: Instant) {
        let fastest = &mut self.fastest[kind as usize];
        let best = fastest.map_or(took, |best| best.min(took));
        *fastest = Some(best);
        self.round.answers += 1;
        self.round.fast += usize::from(took <= best.mul_f64(1.5) + SLACK);
        if self.round.answers < self.most {
            return;
        }
        let round = std::mem::take(&mut self.round);
        let (share, ceiling) = (round.fast * 100 / round.answers, if is_http2 { MOST_HTTP2 } else { MOST });
        match share {
            50.. if round.was_full && self.rests_until.is_none_or(|end| end <= now) => {
                self.rests_until = None;
                self.most = (self.most * 2).min(ceiling).max(self.most.min(ceiling));
            }
            ..20 if self.most > START => self.most = (self.most * 3 / 4).max(START),
            _ => {}
        }
        for fastest in self.fastest.iter_mut().flatten() {
            *fastest = fastest.mul_f64(1.01);
        }
    }

    /// Records that the server is overloaded: it said so, broke a connection, or did not answer in time.
    pub(crate) fn record_overload(&mut self, now: Instant) {
        self.round = Round::default();
        // Requests that were under way together fail together, and count once.
        if self.rests_until.is_none_or(|end| end <= now + REST.mul_f64(0.98)) {
            self.most = (self.most / 2).max(LEAST);
        }
        self.rests_until = Some(now + REST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Duration = Duration::from_millis(100);

    /// Answers `rounds` full rounds, each answer after `took` of the number of requests at once.
    fn answer(
        adaptation: &mut Adaptation,
        rounds: usize,
        is_http2: bool,
        took: impl Fn(usize) -> Duration,
    ) -> Vec<usize> {
        let now = Instant::now();
        let round = |_| {
            let most = adaptation.most();
            for _ in 0..most {
                adaptation.record_full();
                adaptation.record_answer(RequestKind::Manifest, took(most), is_http2, now);
            }
            adaptation.most()
        };
        (0..rounds).map(round).collect()
    }

    #[test]
    fn a_long_line_gets_more_requests_at_once_up_to_the_ceiling() {
        let line = |most: usize| RTT + Duration::from_micros(200) * most as u32;
        assert_eq!(answer(&mut Adaptation::default(), 4, false, line), [16, 32, 32, 32]);
        assert_eq!(answer(&mut Adaptation::default(), 4, true, line), [16, 32, 64, 64]);
    }

    #[test]
    fn a_server_that_answers_one_after_the_other_keeps_the_number() {
        let mut adaptation = Adaptation::default();
        let now = Instant::now();
        adaptation.record_answer(RequestKind::Manifest, Duration::from_millis(2), false, now);
        let busy = |most: usize| Duration::from_millis(2) * most as u32;
        assert!(answer(&mut adaptation, 6, false, busy).iter().all(|most| *most == START));
    }

    #[test]
    fn the_number_falls_back_when_answers_slow_down() {
        let mut adaptation = Adaptation::default();
        answer(&mut adaptation, 2, false, |_| RTT);
        assert_eq!(answer(&mut adaptation, 4, false, |_| RTT * 3), [24, 18, 13, 9]);
        assert_eq!(answer(&mut adaptation, 1, false, |_| RTT * 3), [START]);
    }

    #[test]
    fn the_number_is_not_raised_while_no_request_waits() {
        let mut adaptation = Adaptation::default();
        for _ in 0..100 {
            adaptation.record_answer(RequestKind::Head, RTT, false, Instant::now());
        }
        assert_eq!(adaptation.most(), START);
    }

    #[test]
    fn kinds_of_requests_are_compared_with_their_own_kind() {
        let mut adaptation = Adaptation::default();
        for _ in 0..START / 2 {
            adaptation.record_full();
            adaptation.record_answer(RequestKind::Head, RTT, false, Instant::now());
            adaptation.record_answer(RequestKind::Blob, RTT * 4, false, Instant::now());
        }
        assert_eq!(adaptation.most(), 2 * START);
    }

    #[test]
    fn an_overload_halves_the_number_once_and_keeps_it_low_for_a_while() {
        let mut adaptation = Adaptation::default();
        answer(&mut adaptation, 2, false, |_| RTT);
        let now = Instant::now();
        for _ in 0..20 {
            adaptation.record_overload(now);
        }
        assert_eq!(adaptation.most(), 16);
        assert_eq!(answer(&mut adaptation, 2, false, |_| RTT), [16, 16]);
        for second in 1..10 {
            adaptation.record_overload(now + Duration::from_secs(2 * second));
        }
        assert_eq!(adaptation.most(), LEAST);
        let later = now + Duration::from_secs(200);
        for _ in 0..LEAST {
            adaptation.record_full();
            adaptation.record_answer(RequestKind::Manifest, RTT, false, later);
        }
        assert_eq!(adaptation.most(), 2 * LEAST);
    }
}
