//! The image that a container is made from: one that somebody names, or ours, made here of the nginx built from source.

use fixtures::nginx::{self, Surroundings, image};
use testcontainers::GenericBuildableImage;
use testcontainers::runners::AsyncBuilder as _;
use tokio::sync::OnceCell;

use super::{accepted, ask};
use crate::gateway::engine::Engine;
use crate::reader::whole;

/// Where nginx comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Image {
    /// The one that is made here, `localhost/lastchunk/nginx`, of the nginx that is built from crate sources.
    Local,
    /// An image by its name, `nginx:1.28.3`; pulled if it is not here.
    Named(String),
}

/// An image that the engine has, or can pull.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) name: String,
    pub(super) tag: String,
    /// Whether it has to be told how to start nginx.
    pub(super) foreign: bool,
}

impl Image {
    /// The one named in `LASTCHUNK_NGINX_IMAGE`, else [`Image::Local`].
    #[must_use]
    pub fn of_environment() -> Self {
        let named = std::env::var("LASTCHUNK_NGINX_IMAGE").ok().filter(|name| !name.is_empty());
        named.map_or(Self::Local, Self::Named)
    }

    /// Sees to it that the image is there.
    pub(super) async fn made(&self, engine: &Engine) -> Result<Made, String> {
        static LOCAL: OnceCell<Result<Made, String>> = OnceCell::const_new();
        match self {
            Self::Local => LOCAL.get_or_init(|| local(engine)).await.clone(),
            Self::Named(image) => {
                let (name, tag) = split(image);
                Ok(Made { name: name.to_owned(), tag: tag.to_owned(), foreign: true })
            }
        }
    }
}

/// A name and its tag; a colon before the last slash is a registry's port.
pub(super) fn split(image: &str) -> (&str, &str) {
    image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).unwrap_or((image, "latest"))
}

/// Ours.
async fn local(engine: &Engine) -> Result<Made, String> {
    // Whatever `LASTCHUNK_NGINX` says: that one would not run in an empty image.
    let at = Surroundings { nginx: None, ..Surroundings::of_this_process() };
    let nginx = nginx::binary_in(&at, &|line| eprintln!("{line}")).map_err(|error| error.to_string())?;
    let context = image::context(&nginx).map_err(|error| error.to_string())?;
    built(engine, context).await
}

/// Builds an image unless the engine has it, made of the same octets.
pub(super) async fn built(engine: &Engine, context: image::Context) -> Result<Made, String> {
    let made = Made { name: context.name, tag: context.tag, foreign: false };

    let before = present(engine, &made)?;
    if before.as_ref().is_some_and(|image| image.digest.as_ref() == Some(&context.digest)) {
        return Ok(made);
    }
    let mut build = GenericBuildableImage::new(&made.name, &made.tag).with_dockerfile_string(context.dockerfile);
    for file in context.files {
        build = match file.content {
            image::Content::File(path) => build.with_file(path, file.target),
            image::Content::Text(text) => build.with_data(text, file.target),
        };
    }
    let _image = build.build_image().await.map_err(|error| whole(&error))?;
    let after = present(engine, &made)?;
    if after.as_ref().and_then(|image| image.digest.as_ref()) != Some(&context.digest) {
        return Err(format!("the engine has built {}:{}, but not of what it was given", made.name, made.tag));
    }
    // What bore the tag before is nameless now. Somebody may still run it: then it stays.
    if let (Some(before), Some(after)) = (before, after)
        && before.id != after.id
        && before.digest.is_some()
    {
        let _stays = ask(engine, "DELETE", &format!("/images/{}", before.id));
    }
    Ok(made)
}

struct Present {
    id: String,
    digest: Option<String>,
}

fn present(engine: &Engine, made: &Made) -> Result<Option<Present>, String> {
    let response = ask(engine, "GET", &format!("/images/{}:{}/json", made.name, made.tag))?;
    if response.status == 404 {
        return Ok(None);
    }
    let told: serde_json::Value = serde_json::from_slice(&accepted(response)?).map_err(|error| error.to_string())?;
    let id = told["Id"].as_str().unwrap_or_default().to_owned();
    Ok(Some(Present { id, digest: told["Config"]["Labels"][image::LABEL].as_str().map(str::to_owned) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_told_from_a_port() {
        assert_eq!(split("nginx:1.28.3"), ("nginx", "1.28.3"));
        assert_eq!(split("nginx"), ("nginx", "latest"));
        assert_eq!(split("localhost:5000/nginx"), ("localhost:5000/nginx", "latest"));
        assert_eq!(split("localhost:5000/nginx:1.30"), ("localhost:5000/nginx", "1.30"));
        assert_eq!(split("nginx@sha256:00ff"), ("nginx@sha256", "00ff"));
    }
}
