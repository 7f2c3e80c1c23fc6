//! Fields as mails have them: `Name: value`, continued on lines that begin with a blank, in groups between empty lines.
//! <https://www.debian.org/doc/debian-policy/ch-controlfields.html>.

/// A line of a file with fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldLine<'a> {
    /// The first line of a field.
    Field {
        /// The name, in the case of the file.
        name: &'a [u8],
        /// The value without blanks around it.
        value: &'a [u8],
    },
    /// The end of a group of fields.
    Empty,
    /// A continuation, or bytes that are no field.
    Other,
}

impl<'a> FieldLine<'a> {
    fn of(line: &'a [u8]) -> FieldLine<'a> {
        if line.trim_ascii().is_empty() {
            return FieldLine::Empty;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        match colon {
            Some(at) if at > 0 && !line[0].is_ascii_whitespace() => {
                FieldLine::Field { name: line[..at].trim_ascii(), value: line[at + 1..].trim_ascii() }
            }
            _ => FieldLine::Other,
        }
    }

    /// Returns the value if the line begins the field with this name.
    pub(super) fn value_of(&self, wanted: &str) -> Option<&'a [u8]> {
        match self {
            FieldLine::Field { name, value } if name.eq_ignore_ascii_case(wanted.as_bytes()) => Some(value),
            _ => None,
        }
    }
}

/// Returns the lines of a file.
pub(super) fn field_lines(content: &[u8]) -> impl Iterator<Item = FieldLine<'_>> {
    content.split(|byte| *byte == b'\n').map(FieldLine::of)
}

/// Keeps the first value of each of some fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a, const N: usize> {
    names: &'static [&'static str; N],
    values: [Option<&'a [u8]>; N],
}

impl<'a, const N: usize> Fields<'a, N> {
    /// Creates a group without values.
    pub(super) fn new(names: &'static [&'static str; N]) -> Fields<'a, N> {
        Fields { names, values: [None; N] }
    }

    /// Takes the value of a line, if it is wanted and the first one.
    pub(super) fn take(&mut self, line: &FieldLine<'a>) {
        for (name, kept) in self.names.iter().zip(&mut self.values) {
            if let (None, Some(value)) = (&kept, line.value_of(name)) {
                *kept = Some(value);
            }
        }
    }

    /// Returns the values in the order of the names.
    pub(super) fn values(&self) -> [Option<&'a [u8]>; N] {
        self.values
    }

    /// Returns whether no field has a value.
    pub(super) fn is_empty(&self) -> bool {
        self.values.iter().all(Option::is_none)
    }
}
