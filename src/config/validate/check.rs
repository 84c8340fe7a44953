//! Checks of single values, and of lists of them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::config::model::IpFamily;
use crate::config::part::Invalid;
use crate::object::name;
use crate::text::{excerpt, nearest};
use crate::yaml::FieldPath;

/// The name of a namespace.
pub(super) fn namespace(text: &str, path: &FieldPath) -> Result<String, Invalid> {
    dns_label(text, 63, path)
}

/// A DNS label (RFC 1123) of at most `most` characters.
pub(super) fn dns_label(text: &str, most: usize, path: &FieldPath) -> Result<String, Invalid> {
    if name::is_dns_label(text, most) {
        return Ok(text.to_owned());
    }
    let help =
        format!("use at most {most} lower-case letters, digits and `-`, beginning and ending with a letter or a digit");
    Err(Invalid::new(path, format!("`{}` is no DNS label (RFC 1123)", excerpt(text))).help(help))
}

/// The error of a text that should be a DNS subdomain.
pub(super) fn no_subdomain(text: &str, path: &FieldPath) -> Invalid {
    let help = "use at most 253 lower-case letters, digits, `-` and `.`, each part beginning and ending with a letter \
                or a digit";
    Invalid::new(path, format!("`{}` is no DNS subdomain (RFC 1123)", excerpt(text))).help(help)
}

/// One word of a fixed choice.
pub(super) fn word<T: Copy>(text: &str, what: &str, choice: &[(&str, T)], path: &FieldPath) -> Result<T, Invalid> {
    if let Some((_, value)) = choice.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let words: Vec<&str> = choice.iter().map(|(word, _)| *word).collect();
    Err(unknown(text, what, &words, path))
}

/// The error of a word that is none of `words`.
pub(super) fn unknown(text: &str, what: &str, words: &[&str], path: &FieldPath) -> Invalid {
    let rest = match nearest(text, words.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("expected one of `{}`", words.join("`, `")),
    };
    Invalid::new(path, format!("unknown {what} `{}`, {rest}", excerpt(text)))
}

/// Validates each item of a list, and that no two are equal.
pub(super) fn list<W, T: PartialEq>(
    written: &[W],
    path: &FieldPath,
    shown: impl Fn(&W) -> String,
    read: impl Fn(&W, &FieldPath) -> Result<T, Invalid>,
) -> Result<Vec<T>, Invalid> {
    let mut items: Vec<T> = Vec::new();
    for (index, item) in written.iter().enumerate() {
        let at = path.child(index);
        let value = read(item, &at)?;
        if let Some(first) = items.iter().position(|it| *it == value) {
            let message = format!("`{}` is listed twice", excerpt(&shown(item)));
            return Err(Invalid::new(&at, message).related(&path.child(first), "first listed here"));
        }
        items.push(value);
    }
    Ok(items)
}

/// A port number.
pub(super) fn port(number: i64, path: &FieldPath) -> Result<u16, Invalid> {
    match u16::try_from(number) {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(Invalid::new(path, format!("the port {number} is not between 1 and 65535"))),
    }
}

/// Port numbers, at least one: a policy rule with an empty list would mean every port.
pub(super) fn ports(written: Option<&Vec<i64>>, default: &[u16], path: &FieldPath) -> Result<Vec<u16>, Invalid> {
    let Some(written) = written else { return Ok(default.to_vec()) };
    if written.is_empty() {
        return Err(Invalid::new(path, "the list of ports is empty").help("name a port, or leave the key out"));
    }
    list(written, path, i64::to_string, |number, at| port(*number, at))
}

/// A label map.
pub(super) fn labels(
    written: Option<&BTreeMap<String, String>>,
    default: &BTreeMap<String, String>,
    path: &FieldPath,
) -> Result<BTreeMap<String, String>, Invalid> {
    let Some(written) = written else { return Ok(default.clone()) };
    for (key, value) in written {
        let at = path.child(key.as_str());
        if !name::is_label_key(key) {
            let help = "a label key is at most 63 letters, digits, `-`, `_` and `.`, after an optional DNS subdomain \
                        and `/`";
            return Err(Invalid::new(&at, format!("`{}` is no label key", excerpt(key))).at_key().help(help));
        }
        if !name::is_label_value(value) {
            let help = "a label value is at most 63 letters, digits, `-`, `_` and `.`, beginning and ending with a \
                        letter or a digit";
            return Err(Invalid::new(&at, format!("`{}` is no label value", excerpt(value))).help(help));
        }
    }
    Ok(written.clone())
}

/// The address families that configured ranges may have, and where that is said.
pub(super) struct Families<'a> {
    pub(super) allowed: &'a [IpFamily],
    pub(super) path: FieldPath,
}

/// An address range in canonical form, of an allowed family.
pub(super) fn cidr(text: &str, families: &Families<'_>, path: &FieldPath) -> Result<IpNet, Invalid> {
    let shown = excerpt(text);
    let Ok(net) = text.parse::<IpNet>() else {
        return Err(match text.parse::<IpAddr>() {
            Ok(address) => Invalid::new(path, format!("`{shown}` has no prefix length"))
                .help(format!("write `{}`", IpNet::from(address))),
            Err(_) => Invalid::new(path, format!("`{shown}` is no address range in CIDR form"))
                .help("write an address and a prefix length, such as `10.0.0.0/8`"),
        });
    };
    let canonical = net.trunc();
    if canonical != net {
        return Err(
            Invalid::new(path, format!("`{shown}` has bits set after its prefix")).help(format!("write `{canonical}`"))
        );
    }
    if text.rsplit('/').next() != Some(net.prefix_len().to_string().as_str()) {
        return Err(Invalid::new(path, format!("the prefix length of `{shown}` has leading zeros"))
            .help(format!("write `{canonical}`")));
    }
    if matches!(net, IpNet::V6(net) if net.addr().to_ipv4_mapped().is_some()) {
        return Err(Invalid::new(path, format!("`{shown}` is an IPv4-mapped IPv6 range"))
            .help("write the IPv4 range: API servers and network plugins disagree on mapped addresses"));
    }
    let family = IpFamily::of(net.addr());
    if !families.allowed.contains(&family) {
        let message = format!("`{shown}` is {family}, which `ip_families` leaves out");
        return Err(Invalid::new(path, message)
            .related(&families.path, format!("{family} is missing here"))
            .help(format!("add {family} to `ip_families`, or remove the range")));
    }
    Ok(net)
}

/// Address ranges; absent ones are the default.
pub(super) fn cidrs(
    written: Option<&Vec<String>>,
    families: &Families<'_>,
    path: &FieldPath,
) -> Result<Option<Vec<IpNet>>, Invalid> {
    written.map(|written| list(written, path, String::clone, |text, at| cidr(text, families, at))).transpose()
}
