//! The scalar rules of go-yaml v2, by which Kubernetes reads (decision 20).

use serde_json::Number;

/// What a plain scalar means.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Resolved {
    /// `~`, `null`, nothing.
    Null,
    /// `true`, `yes`, `on`, `y` and their kin.
    Bool(bool),
    /// An integer, or a float with an integral value.
    Number(Number),
    /// `.inf` or `.nan`, which JSON cannot hold.
    NotFinite,
    /// Anything else, timestamps included.
    Text,
}

/// Resolves a plain scalar.
pub(super) fn resolve(text: &str) -> Resolved {
    let Some(first) = text.bytes().next() else { return Resolved::Null };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'.' => match text {
            ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" => Resolved::NotFinite,
            // Here go-yaml calls ParseFloat directly: underscores are accepted only between hexadecimal digits, so
            // in effect never.
            _ => float(text),
        },
        b'+' | b'-' | b'0'..=b'9' => number(text),
        _ => Resolved::Text,
    }
}

/// Whether a plain scalar with this text would be read as something else than that text.
pub(super) fn is_text(text: &str) -> bool {
    resolve(text) == Resolved::Text && text != "<<"
}

fn word(text: &str) -> Resolved {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Resolved::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Resolved::Bool(false),
        "~" | "null" | "Null" | "NULL" => Resolved::Null,
        _ => Resolved::Text,
    }
}

fn number(text: &str) -> Resolved {
    if matches!(text, "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF") {
        return Resolved::NotFinite;
    }
    let stripped;
    let plain = if text.contains('_') {
        stripped = text.replace('_', "");
        stripped.as_str()
    } else {
        text
    };
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, plain.strip_prefix('+').unwrap_or(plain)),
    };
    // Go's ParseUint knows no sign, so beyond i64 only a bare number is an integer.
    let signed = digits.len() != plain.len();
    if let Some(magnitude) = integer(digits) {
        match (negative, i64::try_from(magnitude)) {
            (false, Ok(value)) => return Resolved::Number(value.into()),
            (true, Ok(value)) => return Resolved::Number((-value).into()),
            (true, Err(_)) if magnitude == i64::MIN.unsigned_abs() => return Resolved::Number(i64::MIN.into()),
            (false, Err(_)) if !signed => return Resolved::Number(magnitude.into()),
            _ => {}
        }
    }
    if is_float(plain) { float(plain) } else { Resolved::Text }
}

/// Whether a number is written as an integer, as opposed to a float with an integral value.
pub(super) fn is_integer(text: &str) -> bool {
    let plain = text.replace('_', "");
    integer(plain.strip_prefix(['+', '-']).unwrap_or(&plain)).is_some()
}

/// Go's base prefixes: `0x`, `0b`, `0o`, and a leading `0` for octal.
fn integer(digits: &str) -> Option<u64> {
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, digits.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, digits.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, digits.get(2..)?),
        [b'0', _, ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    // `from_str_radix` would accept a second sign.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`, go-yaml's `yamlStyleFloat`.
fn is_float(text: &str) -> bool {
    let mut bytes = text.bytes().peekable();
    bytes.next_if(|byte| matches!(byte, b'+' | b'-'));
    let digits = |bytes: &mut std::iter::Peekable<std::str::Bytes<'_>>| {
        let mut count = 0;
        while bytes.next_if(u8::is_ascii_digit).is_some() {
            count += 1;
        }
        count
    };
    let whole = digits(&mut bytes);
    let dot = bytes.next_if_eq(&b'.').is_some();
    let fraction = if dot { digits(&mut bytes) } else { 0 };
    if whole == 0 && fraction == 0 {
        return false;
    }
    if bytes.next_if(|byte| matches!(byte, b'e' | b'E')).is_some() {
        bytes.next_if(|byte| matches!(byte, b'+' | b'-'));
        if digits(&mut bytes) == 0 {
            return false;
        }
    }
    bytes.next().is_none()
}

fn float(text: &str) -> Resolved {
    if !is_float(text) {
        return Resolved::Text;
    }
    match text.parse::<f64>() {
        // Go's ParseFloat reports overflow as an error, so the text stays text.
        Ok(value) if value.is_finite() => Resolved::Number(json_number(value)),
        _ => Resolved::Text,
    }
}

/// A float as Go's JSON encoder writes it: without a fraction below 1e21, so that it is read back as an integer.
pub(super) fn json_number(value: f64) -> Number {
    let integral = value.fract() == 0.0 && value.abs() < 1e21 && !(value == 0.0 && value.is_sign_negative());
    let whole = if integral { format!("{value:.0}") } else { String::new() };
    if let Ok(value) = whole.parse::<i64>() {
        return value.into();
    }
    if let Ok(value) = whole.parse::<u64>() {
        return value.into();
    }
    Number::from_f64(value).unwrap_or_else(|| 0.into())
}

/// A float as a mapping key: Go's `FormatFloat(value, 'g', -1, 32)`.
pub(super) fn float_key(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "sigs.k8s.io/yaml formats float keys with 32 bits")]
    let scientific = format!("{:e}", value as f32);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    #[expect(clippy::cast_possible_truncation, reason = "as above")]
    let plain = format!("{}", value as f32);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_as_go_yaml_v2() {
        let int = |value: i64| Resolved::Number(value.into());
        let cases = [
            ("", Resolved::Null),
            ("~", Resolved::Null),
            ("NULL", Resolved::Null),
            ("nULL", Resolved::Text),
            ("y", Resolved::Bool(true)),
            ("Off", Resolved::Bool(false)),
            ("oN", Resolved::Text),
            ("0644", int(420)),
            ("0o644", int(420)),
            ("0b11", int(3)),
            ("-0b11", int(-3)),
            ("0x1F", int(31)),
            ("1_000", int(1000)),
            ("09", int(9)),
            ("1e3", int(1000)),
            ("30.0", int(30)),
            ("+7", int(7)),
            ("9223372036854775808", Resolved::Number(9_223_372_036_854_775_808_u64.into())),
            ("1.5", Resolved::Number(Number::from_f64(1.5).unwrap())),
            (".5", Resolved::Number(Number::from_f64(0.5).unwrap())),
            ("1e400", Resolved::Text),
            (".inf", Resolved::NotFinite),
            ("-.INF", Resolved::NotFinite),
            ("12:30", Resolved::Text),
            ("2024-01-01", Resolved::Text),
            ("1.2.3", Resolved::Text),
            ("--1", Resolved::Text),
            ("0x", Resolved::Text),
            ("-", Resolved::Text),
            ("10.0.0.0/8", Resolved::Text),
            ("<<", Resolved::Text),
        ];
        for (text, expected) in cases {
            assert_eq!(resolve(text), expected, "{text:?}");
        }
        assert!(!is_text("<<") && !is_text("on") && is_text("once"));
    }

    #[test]
    fn writes_float_keys_as_go() {
        assert_eq!(float_key(1.5), "1.5");
        assert_eq!(float_key(0.1), "0.1");
        assert_eq!(float_key(1e-7), "1e-07");
        assert_eq!(float_key(1e6), "1e+06");
        assert_eq!(float_key(1_234_567.0), "1.234567e+06");
        assert_eq!(float_key(100.0), "100");
    }
}
