//! Turns a piece of the terminal's bytes into an event, if it is one.
//!
//! The sequences are those of xterm `ctlseqs` (§ Special Keyboard Keys, § Mouse Tracking), of the keyboard protocol of
//! kitty (`CSI u`), and of the terminfo entries of rxvt and the Linux console. Everything else is no event, above all
//! the answers to questions of other programs.

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::parser::Piece;

/// Returns the event, or `None` if the piece is no key, no mouse and no paste.
pub(crate) fn event(piece: Piece) -> Option<Event> {
    match piece {
        Piece::Character(character, alt) => {
            let (code, mut modifiers) = key_of_character(character);
            modifiers.set(KeyModifiers::ALT, alt);
            Some(key(code, modifiers))
        }
        Piece::Escape => Some(key(KeyCode::Esc, KeyModifiers::NONE)),
        Piece::Csi(parameters, end) => csi(std::str::from_utf8(&parameters).ok()?, end),
        Piece::Ss3(parameters, end) => {
            let modifiers = match std::str::from_utf8(&parameters).ok()? {
                "" => KeyModifiers::NONE,
                // `ESC O 5 P` or `ESC O 1 ; 5 P`
                numbers => modifiers(numbers.rsplit(';').next()?)?,
            };
            Some(key(key_of_letter(end).or_else(|| on_keypad(end))?, modifiers))
        }
        Piece::Console(letter) => Some(key(KeyCode::F(letter.checked_sub(b'A')? + 1), KeyModifiers::NONE)),
        Piece::Mouse([button, column, row]) => {
            let at = |byte: u8| u16::from(byte).checked_sub(33);
            mouse(button.checked_sub(32)?.into(), at(column)?, at(row)?, false)
        }
        Piece::Paste(text) => Some(Event::Paste(text)),
    }
}

fn csi(parameters: &str, end: u8) -> Option<Event> {
    if let Some(report) = parameters.strip_prefix('<') {
        return parse_mouse_report(report, end);
    }
    // Answers have a mark in front of their parameters (`?`, `>`, `=`) or an intermediate byte after them (`$y`, ` q`).
    if !parameters.bytes().all(|byte| matches!(byte, b'0'..=b';')) {
        return None;
    }
    let mut fields = parameters.split(';');
    let first = fields.next().unwrap_or_default();
    let second = fields.next().unwrap_or_default();
    let plain = |event| parameters.is_empty().then_some(event);
    match end {
        b'I' => plain(Event::FocusGained),
        b'O' => plain(Event::FocusLost),
        b'Z' => Some(key(KeyCode::BackTab, modifiers(second)? | KeyModifiers::SHIFT)),
        b'M' => {
            let (button, column) = (first.parse::<u16>().ok()?, second.parse::<u16>().ok()?);
            let row = fields.next()?.parse::<u16>().ok()?;
            mouse(button.checked_sub(32)?, column.checked_sub(1)?, row.checked_sub(1)?, false)
        }
        b'~' if first == "27" => {
            // xterm's modifyOtherKeys
            let character = char::from_u32(fields.next()?.parse().ok()?)?;
            key_of_code_point(character, modifiers(second)?)
        }
        b'~' => parse_press(key_of_number(first.parse().ok()?)?, second),
        b'u' => {
            let code = first.split(':').next()?.parse().ok()?;
            match numpad(code) {
                Some(code) => parse_press(code, second),
                None if is_press(second) => key_of_code_point(char::from_u32(code)?, modifiers(second)?),
                None => None,
            }
        }
        _ if matches!(first, "" | "1") && fields.next().is_none() => parse_press(key_of_letter(end)?, second),
        _ => None,
    }
}

/// Returns a key with the second field of its sequence: the modifiers and, after a colon, whether it is pressed,
/// repeated or released.
fn parse_press(code: KeyCode, field: &str) -> Option<Event> {
    is_press(field).then_some(())?;
    Some(key(code, modifiers(field)?))
}

fn is_press(field: &str) -> bool {
    !field.ends_with(":3")
}

/// Returns the modifiers of a field: `1 +` the bits of shift, alt, control, super, hyper, meta. An empty field means
/// none.
fn modifiers(field: &str) -> Option<KeyModifiers> {
    let bits = match field.split(':').next().unwrap_or_default() {
        "" => 0,
        number => number.parse::<u8>().ok()?.checked_sub(1)?,
    };
    let all = [
        (1, KeyModifiers::SHIFT),
        (2, KeyModifiers::ALT),
        (4, KeyModifiers::CONTROL),
        (8, KeyModifiers::SUPER),
        (16, KeyModifiers::HYPER),
        (32, KeyModifiers::META),
    ];
    Some(all.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, modifier)| modifier).collect())
}

/// Returns the key of a character that is sent as a number, with separate modifiers.
fn key_of_code_point(character: char, modifiers: KeyModifiers) -> Option<Event> {
    // The private use area holds the keys without characters: modifiers, media keys.
    if matches!(character, '\u{e000}'..='\u{f8ff}') {
        return None;
    }
    if character.is_control() {
        let (code, own) = key_of_character(character);
        return Some(key(code, own | modifiers));
    }
    let shifted = modifiers.contains(KeyModifiers::SHIFT) && character.is_lowercase();
    let upper = character.to_uppercase().next().filter(|_| shifted);
    let character = upper.unwrap_or(character);
    let shift = if character.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
    Some(key(KeyCode::Char(character), modifiers | shift))
}

/// Returns the key that types a character.
fn key_of_character(character: char) -> (KeyCode, KeyModifiers) {
    let control = |character: u8| (KeyCode::Char(character.into()), KeyModifiers::CONTROL);
    match character {
        '\r' => (KeyCode::Enter, KeyModifiers::NONE),
        '\t' => (KeyCode::Tab, KeyModifiers::NONE),
        '\x7f' => (KeyCode::Backspace, KeyModifiers::NONE),
        '\x1b' => (KeyCode::Esc, KeyModifiers::NONE),
        '\0' => control(b' '),
        '\x01'..='\x1a' => control(character as u8 - 1 + b'a'),
        '\x1c'..='\x1f' => control(character as u8 - 0x1c + b'4'),
        _ if character.is_uppercase() => (KeyCode::Char(character), KeyModifiers::SHIFT),
        _ => (KeyCode::Char(character), KeyModifiers::NONE),
    }
}

/// Returns the key whose sequence ends in this letter.
fn key_of_letter(end: u8) -> Option<KeyCode> {
    Some(match end {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'E' => KeyCode::KeypadBegin,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P' => KeyCode::F(1),
        b'Q' => KeyCode::F(2),
        b'S' => KeyCode::F(4),
        _ => return None,
    })
}

/// Returns a key that is sent only with `ESC O`. `CSI … R` is never F3: it reports the position of the cursor.
fn on_keypad(end: u8) -> Option<KeyCode> {
    Some(match end {
        b'R' => KeyCode::F(3),
        b'M' => KeyCode::Enter,
        b'I' => KeyCode::Tab,
        b'X' => KeyCode::Char('='),
        // `*+,-./0123456789`, in this order
        b'j'..=b'y' => KeyCode::Char((end - b'j' + b'*').into()),
        _ => return None,
    })
}

/// Returns the key whose sequence is this number and `~`.
fn key_of_number(number: u8) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(number - 10),
        17..=21 => KeyCode::F(number - 11),
        23..=26 => KeyCode::F(number - 12),
        28 | 29 => KeyCode::F(number - 13),
        31..=34 => KeyCode::F(number - 14),
        _ => return None,
    })
}

/// Returns the key of the numeric block that has this number in kitty's protocol.
fn numpad(code: u32) -> Option<KeyCode> {
    Some(match code {
        57_399..=57_408 => KeyCode::Char(char::from_digit(code - 57_399, 10)?),
        57_409 => KeyCode::Char('.'),
        57_410 => KeyCode::Char('/'),
        57_411 => KeyCode::Char('*'),
        57_412 => KeyCode::Char('-'),
        57_413 => KeyCode::Char('+'),
        57_414 => KeyCode::Enter,
        57_415 => KeyCode::Char('='),
        57_417 => KeyCode::Left,
        57_418 => KeyCode::Right,
        57_419 => KeyCode::Up,
        57_420 => KeyCode::Down,
        57_421 => KeyCode::PageUp,
        57_422 => KeyCode::PageDown,
        57_423 => KeyCode::Home,
        57_424 => KeyCode::End,
        57_425 => KeyCode::Insert,
        57_426 => KeyCode::Delete,
        57_427 => KeyCode::KeypadBegin,
        _ => return None,
    })
}

/// Reads a report of the mouse in the SGR form: `< button ; column ; row`, then `M` for a press or `m` for a release.
fn parse_mouse_report(report: &str, end: u8) -> Option<Event> {
    if !matches!(end, b'M' | b'm') {
        return None;
    }
    let mut numbers = report.split(';').map(|number| number.parse::<u16>().ok());
    let (button, column, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
    if numbers.next().is_some() {
        return None;
    }
    mouse(button, column.checked_sub(1)?, row.checked_sub(1)?, end == b'm')
}

/// Returns the event of the mouse. The lowest two bits and the highest two are the button; those between them are
/// modifiers and motion.
fn mouse(bits: u16, column: u16, row: u16, is_released: bool) -> Option<Event> {
    let moves = bits & 32 != 0;
    let kind = match (bits & 3 | (bits & 192) >> 4, moves) {
        (button @ 0..=2, false) if is_released => MouseEventKind::Up(button_of(button)),
        (button @ 0..=2, false) => MouseEventKind::Down(button_of(button)),
        (button @ 0..=2, true) => MouseEventKind::Drag(button_of(button)),
        // The older forms do not name the button that was released.
        (3, false) => MouseEventKind::Up(MouseButton::Left),
        (3..=5, true) => MouseEventKind::Moved,
        (4, false) => MouseEventKind::ScrollUp,
        (5, false) => MouseEventKind::ScrollDown,
        (6, false) => MouseEventKind::ScrollLeft,
        (7, false) => MouseEventKind::ScrollRight,
        _ => return None,
    };
    let all = [(4, KeyModifiers::SHIFT), (8, KeyModifiers::ALT), (16, KeyModifiers::CONTROL)];
    let modifiers =
        all.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, modifier)| modifier).collect();
    Some(Event::Mouse(MouseEvent { kind, column, row, modifiers }))
}

fn button_of(number: u16) -> MouseButton {
    match number {
        0 => MouseButton::Left,
        1 => MouseButton::Middle,
        _ => MouseButton::Right,
    }
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Event {
    Event::Key(KeyEvent::new_with_kind(code, modifiers, KeyEventKind::Press))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::runtime::input::parser::InputParser;

    fn events(bytes: &[u8]) -> Vec<Event> {
        let (mut pieces, now) = (InputParser::default(), Instant::now());
        let mut all = pieces.take(bytes, now);
        all.extend(pieces.end(now));
        all.into_iter().filter_map(event).collect()
    }

    const NONE: KeyModifiers = KeyModifiers::NONE;
    const SHIFT: KeyModifiers = KeyModifiers::SHIFT;
    const ALT: KeyModifiers = KeyModifiers::ALT;
    const CONTROL: KeyModifiers = KeyModifiers::CONTROL;

    #[test]
    fn keys_are_read_in_every_form_that_terminals_send() {
        let char = KeyCode::Char;
        let table = [
            ("j", char('j'), NONE),
            ("J", char('J'), SHIFT),
            ("É", char('É'), SHIFT),
            ("\r", KeyCode::Enter, NONE),
            ("\n", char('j'), CONTROL),
            ("\t", KeyCode::Tab, NONE),
            ("\x7f", KeyCode::Backspace, NONE),
            ("\x08", char('h'), CONTROL),
            ("\x03", char('c'), CONTROL),
            ("\0", char(' '), CONTROL),
            ("\x1c", char('4'), CONTROL),
            ("\x1b", KeyCode::Esc, NONE),
            ("\x1bj", char('j'), ALT),
            ("\x1bJ", char('J'), ALT | SHIFT),
            ("\x1b\r", KeyCode::Enter, ALT),
            ("\x1b\x03", char('c'), ALT | CONTROL),
            ("\x1b[A", KeyCode::Up, NONE),
            ("\x1bOA", KeyCode::Up, NONE),
            ("\x1b[1;2B", KeyCode::Down, SHIFT),
            ("\x1b[1;5C", KeyCode::Right, CONTROL),
            ("\x1b[1;4D", KeyCode::Left, SHIFT | ALT),
            ("\x1b[H", KeyCode::Home, NONE),
            ("\x1bOF", KeyCode::End, NONE),
            ("\x1b[1~", KeyCode::Home, NONE),
            ("\x1b[8~", KeyCode::End, NONE),
            ("\x1b[3;5~", KeyCode::Delete, CONTROL),
            ("\x1b[5~", KeyCode::PageUp, NONE),
            ("\x1b[6;3~", KeyCode::PageDown, ALT),
            ("\x1b[Z", KeyCode::BackTab, SHIFT),
            ("\x1b[1;6Z", KeyCode::BackTab, SHIFT | CONTROL),
            ("\x1bOP", KeyCode::F(1), NONE),
            ("\x1bOR", KeyCode::F(3), NONE),
            ("\x1bO5S", KeyCode::F(4), CONTROL),
            ("\x1b[P", KeyCode::F(1), NONE),
            ("\x1b[1;2Q", KeyCode::F(2), SHIFT),
            ("\x1b[[C", KeyCode::F(3), NONE),
            ("\x1b[13~", KeyCode::F(3), NONE),
            ("\x1b[15~", KeyCode::F(5), NONE),
            ("\x1b[17;5~", KeyCode::F(6), CONTROL),
            ("\x1b[24~", KeyCode::F(12), NONE),
            ("\x1b[34~", KeyCode::F(20), NONE),
            ("\x1bOj", char('*'), NONE),
            ("\x1bOp", char('0'), NONE),
            ("\x1bOM", KeyCode::Enter, NONE),
            ("\x1b[E", KeyCode::KeypadBegin, NONE),
            ("\x1b[27;5;99~", char('c'), CONTROL),
            ("\x1b[27;2;13~", KeyCode::Enter, SHIFT),
            ("\x1b[99;5u", char('c'), CONTROL),
            ("\x1b[106u", char('j'), NONE),
            ("\x1b[106:74;2u", char('J'), SHIFT),
            ("\x1b[27u", KeyCode::Esc, NONE),
            ("\x1b[13;5:1u", KeyCode::Enter, CONTROL),
            ("\x1b[9;2:2u", KeyCode::Tab, SHIFT),
            ("\x1b[57414u", KeyCode::Enter, NONE),
            ("\x1b[57406;5u", char('7'), CONTROL),
            ("\x1b[1;9A", KeyCode::Up, KeyModifiers::SUPER),
        ];
        for (bytes, code, modifiers) in table {
            assert_eq!(events(bytes.as_bytes()), [key(code, modifiers)], "{bytes:?}");
        }
    }

    /// Covers answers that come late, and others of their kind.
    #[test]
    fn answers_of_the_terminal_are_no_events() {
        for answer in [
            "\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
            "\x1b]11;rgb:dddd/dddd/dddd\x07",
            "\x1b]4;1;rgb:ffff/0000/0000\x1b\\",
            "\x1b]52;c;ZGRkZA==\x07",
            "\x1b]lq the title\x1b\\",
            "\x1bP>|tmux 3.4\x1b\\",
            "\x1bP!|00000000\x1b\\",
            "\x1bP1+r544e=787465726d\x1b\\",
            "\x1bP0$r0m\x1b\\",
            "\x1b_Gi=31;OK\x1b\\",
            "\x1b[?62;22;52c",
            "\x1b[>41;354;0c",
            "\x1b[=1;0;c",
            "\x1b[12;40R",
            "\x1b[1;5R",
            "\x1b[?1;1R",
            "\x1b[0n",
            "\x1b[?997;1n",
            "\x1b[?2026;2$y",
            "\x1b[4;2$y",
            "\x1b[?0u",
            "\x1b[8;24;80t",
            "\x1b[48;24;80;480;800t",
            "\x1b[1;1;1;128;1;1;0x",
            "\x1b[>1;4m",
            "\x1b[?1000;1;2S",
            "\x1b[99;5:3u",
            "\x1b[57441u",
            "\x1b[1;5:3A",
            "\x1b[201~",
            "\x1b[999~",
            "\x1b[<0;0;0M",
            "\x1b[<0;1M",
            "\x1b[<64;70000;1M",
            "\x1b[5A",
            "\x1b[2J",
            "\x1b[1;2;3A",
        ] {
            assert_eq!(events(answer.as_bytes()), [], "{answer:?}");
        }
    }

    #[test]
    fn the_mouse_is_read_in_all_its_forms() {
        let at = |kind, column, row, modifiers| Event::Mouse(MouseEvent { kind, column, row, modifiers });
        let left = MouseButton::Left;
        let table: [(&[u8], Event); 12] = [
            (b"\x1b[<0;10;5M", at(MouseEventKind::Down(left), 9, 4, NONE)),
            (b"\x1b[<0;10;5m", at(MouseEventKind::Up(left), 9, 4, NONE)),
            (b"\x1b[<2;1;1M", at(MouseEventKind::Down(MouseButton::Right), 0, 0, NONE)),
            (b"\x1b[<16;1;1M", at(MouseEventKind::Down(left), 0, 0, CONTROL)),
            (b"\x1b[<32;3;4M", at(MouseEventKind::Drag(left), 2, 3, NONE)),
            (b"\x1b[<35;3;4M", at(MouseEventKind::Moved, 2, 3, NONE)),
            (b"\x1b[<64;3;4M", at(MouseEventKind::ScrollUp, 2, 3, NONE)),
            (b"\x1b[<69;3;4M", at(MouseEventKind::ScrollDown, 2, 3, SHIFT)),
            (b"\x1b[<66;3;4M", at(MouseEventKind::ScrollLeft, 2, 3, NONE)),
            (b"\x1b[32;10;5M", at(MouseEventKind::Down(left), 9, 4, NONE)),
            (b"\x1b[M *%", at(MouseEventKind::Down(left), 9, 4, NONE)),
            (b"\x1b[M#*%", at(MouseEventKind::Up(left), 9, 4, NONE)),
        ];
        for (bytes, expected) in table {
            assert_eq!(events(bytes), [expected], "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn focus_and_pastes_are_events() {
        assert_eq!(events(b"\x1b[I\x1b[O"), [Event::FocusGained, Event::FocusLost]);
        assert_eq!(events(b"\x1b[200~d\r\x1b[201~"), [Event::Paste("d\r".into())]);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..60)) {
            events(&bytes);
            events(&[b"\x1b[", bytes.as_slice()].concat());
        }
    }
}
