use super::{CheckId, Severity};

/// The page of a rule: what it is about, and what to do. Written in Markdown.
///
/// The first line is `# ` and the id, then comes a paragraph that says it all, then the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The rule.
    pub id: CheckId,
    /// How much its findings matter; of a rule whose findings differ, how much at most.
    pub severity: Severity,
    /// The whole page.
    pub text: &'static str,
}

impl Page {
    /// The page of a rule.
    pub const fn new(id: CheckId, severity: Severity, text: &'static str) -> Self {
        Self { id, severity, text }
    }

    /// The paragraph below the heading, on one line.
    pub fn summary(&self) -> String {
        let paragraph = self.text.split("\n\n").nth(1).unwrap_or_default();
        paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Everything below the heading.
    pub fn body(&self) -> &'static str {
        self.text.split_once("\n\n").map_or("", |(_, body)| body).trim_end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_a_summary_and_a_body() {
        let page = Page::new(CheckId("x"), Severity::Info, "# x\n\nSays\nit all.\n\n## More\n\nText.\n");
        assert_eq!(page.summary(), "Says it all.");
        assert_eq!(page.body(), "Says\nit all.\n\n## More\n\nText.");
        assert_eq!(Page::new(CheckId("x"), Severity::Info, "").summary(), "");
    }
}
