//! `langpack.*`: clients carry their own texts; this server has none to add.

use zaun_messenger::Error;
use zaun_schema::api::{enums, functions, types};

use crate::Call;

fn empty(lang_code: String, from_version: i32) -> types::LangPackDifference {
    types::LangPackDifference { lang_code, from_version, version: 1, strings: Vec::new() }
}

/// langpack.getLangPack
pub(crate) async fn get_lang_pack(
    _: Call,
    r: functions::langpack::GetLangPack,
) -> Result<enums::LangPackDifference, Error> {
    Ok(empty(r.lang_code, 0))
}

/// langpack.getDifference
pub(crate) async fn get_difference(
    _: Call,
    r: functions::langpack::GetDifference,
) -> Result<enums::LangPackDifference, Error> {
    Ok(empty(r.lang_code, r.from_version))
}

/// langpack.getStrings: none of them is overridden.
pub(crate) async fn get_strings(
    _: Call,
    r: functions::langpack::GetStrings,
) -> Result<Vec<enums::LangPackString>, Error> {
    Ok(r.keys.into_iter().map(|key| types::LangPackStringDeleted { key }.into()).collect())
}

fn english() -> types::LangPackLanguage {
    types::LangPackLanguage {
        official: true,
        name: "English".into(),
        native_name: "English".into(),
        lang_code: "en".into(),
        plural_code: "en".into(),
        ..types::LangPackLanguage::default()
    }
}

/// langpack.getLanguages
pub(crate) async fn get_languages(
    _: Call,
    _: functions::langpack::GetLanguages,
) -> Result<Vec<enums::LangPackLanguage>, Error> {
    Ok(vec![english()])
}

/// langpack.getLanguage
pub(crate) async fn get_language(
    _: Call,
    r: functions::langpack::GetLanguage,
) -> Result<enums::LangPackLanguage, Error> {
    // `en-raw` and the like are asked for by clients that want the keys themselves.
    if r.lang_code.starts_with("en") { Ok(english()) } else { Err(Error::bad("LANG_CODE_NOT_SUPPORTED")) }
}
