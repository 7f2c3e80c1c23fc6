//! The bytes and requests of an operation whose price becomes known step by step.

use crate::model::failure::Failure;
use crate::model::price::Price;

/// The reason why an operation with a sum ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpendingError {
    /// It did not go on, because its sum would be this.
    Refused(Price),
    /// A step of it failed.
    Failed(Failure),
}

impl From<Price> for SpendingError {
    fn from(price: Price) -> SpendingError {
        SpendingError::Refused(price)
    }
}

impl From<Failure> for SpendingError {
    fn from(failure: Failure) -> SpendingError {
        SpendingError::Failed(failure)
    }
}

impl SpendingError {
    /// Returns the failure for a caller that agrees to every sum.
    pub fn into_failure(self) -> Failure {
        match self {
            SpendingError::Refused(price) => {
                Failure::local("the operation did not go on", format!("it {}", price.describe()))
            }
            SpendingError::Failed(failure) => failure,
        }
    }
}

/// Adds up what an operation takes, and asks before that becomes much.
pub struct Spending<'a> {
    spent: Price,
    agreed: Price,
    ask: Box<dyn FnMut(&Price) -> bool + Send + Sync + 'a>,
}

impl<'a> Spending<'a> {
    /// Creates the sum of an operation. `agreed` needs no question. `ask` is called before the sum becomes much more
    /// than that, and returns whether the operation goes on.
    pub fn new(agreed: Price, ask: impl FnMut(&Price) -> bool + Send + Sync + 'a) -> Spending<'a> {
        Spending { spent: Price::default(), agreed, ask: Box::new(ask) }
    }

    /// Creates the sum of an operation that goes on whatever it takes.
    pub fn unlimited() -> Spending<'static> {
        Spending::new(Price::default(), |_| true)
    }

    /// Adds the price of the next step, before it begins. Fails with the sum if the operation does not go on.
    pub fn allow(&mut self, step: Price) -> Result<(), Price> {
        self.allow_all(step, step)
    }

    /// Adds the price of the next step, and names that of this and all further ones if it asks.
    pub fn allow_all(&mut self, step: Price, all: Price) -> Result<(), Price> {
        let sum = self.spent + step;
        if sum.is_more_than(&self.agreed) {
            let all = self.spent + all;
            if !(self.ask)(&all) {
                return Err(all);
            }
            self.agreed = all;
        }
        self.spent = sum;
        Ok(())
    }
}

impl std::fmt::Debug for Spending<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spending").field("spent", &self.spent).field("agreed", &self.agreed).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1 << 20;

    fn bytes(bytes: u64) -> Price {
        Price { bytes, ..Price::default() }
    }

    #[test]
    fn small_steps_are_announced_when_their_sum_becomes_much() {
        let mut asked = Vec::new();
        let mut spending = Spending::new(Price::default(), |price| {
            asked.push(price.bytes / MB);
            true
        });
        for _ in 0..10 {
            spending.allow(bytes(10 * MB)).expect("it goes on");
        }
        drop(spending);
        assert_eq!(asked, [40, 80]);
    }

    #[test]
    fn a_step_that_is_refused_is_not_counted() {
        let mut spending = Spending::new(bytes(100 * MB), |_| false);
        assert_eq!(spending.allow(bytes(130 * MB)), Ok(()));
        assert_eq!(spending.allow(bytes(10 * MB)), Err(bytes(140 * MB)));
        assert_eq!(spending.allow(bytes(2 * MB)), Ok(()));
    }

    #[test]
    fn a_question_names_all_further_steps() {
        let mut asked = Vec::new();
        let mut spending = Spending::new(Price::default(), |price| {
            asked.push(price.bytes / MB);
            true
        });
        for _ in 0..4 {
            spending.allow_all(bytes(40 * MB), bytes(160 * MB)).expect("it goes on");
        }
        drop(spending);
        assert_eq!(asked, [160]);
    }
}
