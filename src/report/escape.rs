//! Text of the input in the languages of reports: whatever it holds, it is data there.

use std::borrow::Cow;

/// Text of the input on one line for people: no line break, nothing that a terminal obeys or that turns the order of
/// characters around. Logs of CI are such text, too.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            _ if is_obeyed(character) => line.extend(character.escape_unicode()),
            _ => line.push(character),
        }
    }
    Cow::Owned(line)
}

/// The same where a line begins: `::error::` and `##[error]` there are commands to the runner of a CI system.
pub(in crate::report) fn start_of_line(text: &str) -> Cow<'_, str> {
    let line = one_line(text);
    let shown = line.trim_start();
    // `::ffff:0:0` is an address; every command has a letter that none has.
    let is_command = shown.strip_prefix("::").is_some_and(|rest| {
        let word = rest.split(|it: char| !it.is_ascii_alphabetic() && it != '-').next().unwrap_or_default();
        word.contains(|it: char| it.is_ascii_alphabetic() && !it.is_ascii_hexdigit())
    });
    if is_command || shown.starts_with("##[") { Cow::Owned(format!("\\{line}")) } else { line }
}

/// Lines of the input, where what people see needs as many bytes as the text.
pub(in crate::report) fn of_same_length(text: &str) -> Cow<'_, str> {
    // Those of one byte are shown as pictures of what they are.
    let is_hidden = |character: char| is_obeyed(character) && !character.is_ascii();
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let shown = |character: char| match character.len_utf8() {
        _ if !is_hidden(character) => character,
        2 => '\u{b7}',
        _ => char::REPLACEMENT_CHARACTER,
    };
    Cow::Owned(text.chars().map(shown).collect())
}

/// Whether a terminal, a runner or a viewer does something else than to show a character. A tab is a blank.
fn is_obeyed(character: char) -> bool {
    match character {
        '\t' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => character.is_control(),
    }
}

/// Text in HTML, SVG or any XML, as content and between quotes as an attribute.
pub(in crate::report) fn markup(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Breaks the line for who looks at the page, not for who reads its text.
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            _ => escaped.push(printable(character)),
        }
    }
    escaped
}

/// Text in a cell of a Markdown table, on one line. What stands between backticks stays code, as messages write names.
pub(in crate::report) fn table_cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, ticks)) = rest.find('`').map(|start| rest.split_at(start)) {
        push_plain(before, &mut cell);
        let (fence, after) = ticks.split_at(length_of_fence(ticks));
        // The pipe needs a backslash before it, which another before that one would take away.
        if let Some((code, behind)) = code_up_to(fence, after).filter(|(code, _)| !code.contains("\\|")) {
            cell.push_str(fence);
            cell.push_str(&joined(code).replace('|', "\\|"));
            cell.push_str(fence);
            rest = behind;
        } else {
            cell.push_str(&fence.replace('`', "\\`"));
            rest = after;
        }
    }
    push_plain(rest, &mut cell);
    cell
}

/// Text as code in a line of Markdown.
pub(in crate::report) fn code_span(text: &str) -> String {
    let text = joined(text);
    if !text.contains('`') {
        return format!("`{text}`");
    }
    // Blanks keep it apart from backticks of the text.
    let fence = "`".repeat(longest_fence(&text) + 1);
    format!("{fence} {text} {fence}")
}

/// What encloses some lines of code in Markdown.
pub(in crate::report) fn fence(text: &str) -> String {
    "`".repeat(longest_fence(text).max(2) + 1)
}

/// A fence ends at one of its own length, or a longer one.
fn longest_fence(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or_default()
}

/// The code before the next fence of the same length, and what is behind that.
fn code_up_to<'t>(fence: &str, text: &'t str) -> Option<(&'t str, &'t str)> {
    let mut from = 0;
    loop {
        let (_, rest) = text.split_at_checked(from)?;
        let start = from + rest.find('`')?;
        let (code, ticks) = text.split_at_checked(start)?;
        let length = length_of_fence(ticks);
        if length == fence.len() {
            return Some((code, ticks.split_at_checked(length)?.1));
        }
        from = start + length;
    }
}

fn length_of_fence(ticks: &str) -> usize {
    ticks.len() - ticks.trim_start_matches('`').len()
}

/// Text outside code: nothing in it is emphasis, a link, an entity, an element, or the end of the cell.
fn push_plain(text: &str, cell: &mut String) {
    let text = text.replace("\r\n", "\n");
    let mut characters = text.chars().peekable();
    let mut before = None;
    while let Some(character) = characters.next() {
        let around = [before, characters.peek().copied()];
        let is_inside_word = around.iter().all(|it| it.is_some_and(char::is_alphanumeric));
        match character {
            '\n' | '\r' => cell.push_str("<br>"),
            '&' => cell.push_str("&amp;"),
            '<' => cell.push_str("&lt;"),
            '_' if is_inside_word => cell.push('_'),
            '\\' | '|' | '*' | '_' | '~' => cell.extend(['\\', character]),
            // Brackets are common in the names of workloads; a link needs both.
            '(' if before == Some(']') => cell.push_str("\\("),
            _ => cell.push(printable(character)),
        }
        before = Some(character);
    }
}

/// On one line, where a blank says as much as a line break.
fn joined(text: &str) -> String {
    text.replace("\r\n", " ").replace(['\n', '\r'], " ").chars().map(printable).collect()
}

/// The character, or what stands for one that XML does not allow in any form, or that nobody sees.
fn printable(character: char) -> char {
    match character {
        '\t' | '\n' | '\r' => character,
        '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        _ if is_obeyed(character) => char::REPLACEMENT_CHARACTER,
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_nothing_is_obeyed() {
        assert_eq!(one_line("a\n::error::b\r\u{1b}[31m\u{9b}"), "a\\n::error::b\\r\\u{1b}[31m\\u{9b}");
        assert_eq!(one_line("\u{202e}x\u{2028}\u{7f}"), "\\u{202e}x\\u{2028}\\u{7f}");
        assert_eq!(one_line("Größe\t1"), "Größe\t1");
        assert_eq!(start_of_line(" ::error::b"), "\\ ::error::b");
        assert_eq!(start_of_line("##[error]b"), "\\##[error]b");
        for text in ["a ::b", "::-::[External]", "::ffff:0:0-::ffff:ffff:ffff[External] => ::1-::1[External]"] {
            assert_eq!(start_of_line(text), text);
        }
        let text = "a\u{9b}\u{2028}\u{202e}\u{1b}b\n";
        assert_eq!(of_same_length(text).len(), text.len());
        assert_eq!(of_same_length(text), "a\u{b7}\u{fffd}\u{fffd}\u{1b}b\n");
    }

    #[test]
    fn markup_ends_neither_an_element_nor_an_attribute() {
        assert_eq!(markup("</a><b c='\"'>&amp;\u{1}\t"), "&lt;/a&gt;&lt;b c=&#39;&quot;&#39;&gt;&amp;amp;\u{fffd}\t");
    }

    #[test]
    fn a_cell_is_plain_text() {
        for (text, cell) in [
            ("shop/web[Deployment]", "shop/web[Deployment]"),
            ("a|b\\|c", "a\\|b\\\\\\|c"),
            ("<img>&lt;*x*_y_~~z~~", "&lt;img>&amp;lt;\\*x\\*\\_y\\_\\~\\~z\\~\\~"),
            ("[x](javascript:y)", "[x]\\(javascript:y)"),
            ("a\r\nb\nc\rd", "a<br>b<br>c<br>d"),
        ] {
            assert_eq!(table_cell(text), cell, "{text}");
        }
    }

    #[test]
    fn code_in_a_cell_stays_code_as_markdown_finds_it() {
        for (text, cell) in [
            ("set `a_b|*` to x_y", "set `a_b\\|*` to x_y"),
            ("`a\nb`", "`a b`"),
            // The name is two backticks: the fence of three has no end, and what looks like code is none.
            ("```<img>`", "\\`\\`\\`&lt;img>\\`"),
            ("``a`b`` <i>", "``a`b`` &lt;i>"),
            ("`a\\|b`", "\\`a\\\\\\|b\\`"),
            ("`a", "\\`a"),
        ] {
            assert_eq!(table_cell(text), cell, "{text}");
        }
    }

    #[test]
    fn code_is_fenced_by_more_than_it_holds() {
        assert_eq!(code_span("shop/web"), "`shop/web`");
        assert_eq!(code_span("a``b`\n#"), "``` a``b` # ```");
    }
}
