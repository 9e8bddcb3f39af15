//! Where the server's admin token comes from: a file or the environment, never a flag, since other
//! users see the flags of a program.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use boplish_server::AdminToken;

use crate::failure::Failure;

/// The environment variable that has the token itself.
pub(crate) const VARIABLE: &str = "BOPLISH_ADMIN_TOKEN";

/// Reads the token from the file or from what the variable says; `None` without either.
pub(crate) fn read(
    file: Option<&Path>,
    variable: Option<OsString>,
) -> Result<Option<AdminToken>, Failure> {
    let (place, text) = match (file, variable) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            let both =
                format!("give the admin token by --admin-token-file or by {VARIABLE}, not by both");
            return Err(Failure::Usage(both));
        }
        (Some(path), None) => {
            let place = format!("--admin-token-file {}", path.display());
            let text = fs::read_to_string(path)
                .map_err(|error| Failure::Usage(format!("{place}: {error}")))?;
            (place, text)
        }
        (None, Some(text)) => {
            let text = text.into_string();
            let text = text.map_err(|_| Failure::Usage(format!("{VARIABLE}: it is no text")))?;
            (VARIABLE.to_owned(), text)
        }
    };
    match AdminToken::new(&text) {
        Ok(token) => Ok(Some(token)),
        Err(error) => Err(Failure::Usage(format!("{place}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    #[test]
    fn the_environment_has_the_token() {
        let token = read(None, Some(TOKEN.into())).unwrap();
        assert_eq!(token, Some(AdminToken::new(TOKEN).unwrap()));
        assert!(read(None, None).unwrap().is_none());
    }

    #[test]
    fn what_is_wrong_names_its_place() {
        for (file, variable, place) in [
            (None, Some("short"), VARIABLE),
            (
                Some("/nowhere/token"),
                None,
                "--admin-token-file /nowhere/token",
            ),
            (Some("/nowhere/token"), Some(TOKEN), "not by both"),
        ] {
            let Err(Failure::Usage(message)) = read(file.map(Path::new), variable.map(Into::into))
            else {
                panic!("{place}: no usage error");
            };
            assert!(message.contains(place), "{message}");
        }
    }
}
