//! The settings of a display as its screens get them.

use crate::displays::DisplaySettings;
use crate::http::html::language::Language;

/// Without the settings for administrators only, and with a language that Usher has.
pub(super) fn for_screen(settings: &DisplaySettings) -> DisplaySettings {
    DisplaySettings { lang: Language::fixed(&settings.lang).code.into(), ..settings.for_screen() }
}
