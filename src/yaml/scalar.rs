//! The scalar rules of go-yaml v2, by which Kubernetes reads (decision on: YAML is read as Kubernetes reads it).

use serde_json::Number;

/// What a plain scalar means.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Resolved {
    /// `~`, `null`, nothing.
    Null,
    /// `true`, `yes`, `on`, `y` and their kin.
    Bool(bool),
    /// An integer.
    Integer(Number),
    /// A float; JSON cannot hold `.inf` and `.nan`.
    Float(f64),
    /// Anything else, timestamps included.
    Text,
}

/// Resolves a plain scalar.
pub(super) fn resolve(text: &str) -> Resolved {
    let Some(first) = text.bytes().next() else { return Resolved::Null };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'.' => match text {
            ".nan" | ".NaN" | ".NAN" => Resolved::Float(f64::NAN),
            ".inf" | ".Inf" | ".INF" => Resolved::Float(f64::INFINITY),
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
    match text {
        "+.inf" | "+.Inf" | "+.INF" => return Resolved::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Resolved::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let stripped;
    let plain = if text.contains('_') {
        stripped = text.replace('_', "");
        stripped.as_str()
    } else {
        text
    };
    let (sign, digits) = match plain.as_bytes() {
        [sign @ (b'+' | b'-'), ..] => (Some(*sign), plain.get(1..).unwrap_or_default()),
        _ => (None, plain),
    };
    if let Some(integer) = integer(digits).and_then(|magnitude| signed(sign, magnitude)) {
        return Resolved::Integer(integer);
    }
    if is_float(plain) {
        return float(plain);
    }
    // go-yaml parses what follows `0b` once more, then with a sign.
    let late = plain.strip_prefix("0b").and_then(|rest| i64::from_str_radix(rest, 2).ok());
    late.map_or(Resolved::Text, |value| Resolved::Integer(value.into()))
}

/// Go's `ParseUint` knows no sign, so beyond `i64` only a bare number is an integer.
fn signed(sign: Option<u8>, magnitude: u64) -> Option<Number> {
    match sign {
        None => Some(magnitude.into()),
        Some(b'-') => 0_i64.checked_sub_unsigned(magnitude).map(Number::from),
        Some(_) => i64::try_from(magnitude).ok().map(Number::from),
    }
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
        Ok(value) if value.is_finite() => Resolved::Float(value),
        _ => Resolved::Text,
    }
}

/// A float as Go's JSON encoder writes it: below 1e21 without an exponent, so that an integral value is read back as an
/// integer. The digits are the shortest that identify the float, then zeros; Rust writes them alike. Absent for what
/// JSON cannot hold.
pub(super) fn json_number(value: f64) -> Option<Number> {
    if value.fract() == 0.0 && value.abs() < 1e21 && (value != 0.0 || value.is_sign_positive()) {
        let digits = value.to_string();
        if let Ok(integer) = digits.parse::<i64>() {
            return Some(integer.into());
        }
        if let Ok(integer) = digits.parse::<u64>() {
            return Some(integer.into());
        }
    }
    Number::from_f64(value)
}

/// A float as a mapping key: Go's `FormatFloat(value, 'g', -1, 32)`.
pub(super) fn float_key(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "sigs.k8s.io/yaml formats float keys with 32 bits")]
    let value = value as f32;
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return value.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_as_go_yaml_v2() {
        let int = |value: i64| Resolved::Integer(value.into());
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
            ("09", Resolved::Float(9.0)),
            ("1e3", Resolved::Float(1000.0)),
            ("30.0", Resolved::Float(30.0)),
            ("+7", int(7)),
            ("9223372036854775808", Resolved::Integer(9_223_372_036_854_775_808_u64.into())),
            ("1.5", Resolved::Float(1.5)),
            (".5", Resolved::Float(0.5)),
            ("1e400", Resolved::Text),
            (".inf", Resolved::Float(f64::INFINITY)),
            ("-.INF", Resolved::Float(f64::NEG_INFINITY)),
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
