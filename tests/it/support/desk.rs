//! A browser without scripts: keeps cookies, sends `Origin`, follows no redirect by itself.

use reqwest::header::{LOCATION, ORIGIN};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use crate::ground::PASSWORD;
use crate::support::app::App;

pub(crate) struct Desk {
    base: String,
    client: Client,
}

/// What a page answered.
pub(crate) struct Page {
    pub(crate) status: u16,
    /// Where it sends the browser.
    pub(crate) to: Option<String>,
    pub(crate) html: String,
}

impl Desk {
    pub(crate) fn new(app: &App) -> Self {
        let client = Client::builder().cookie_store(true).redirect(Policy::none()).build().unwrap();
        Self { base: app.base.clone(), client }
    }

    /// A browser of this user, signed in.
    pub(crate) async fn signed_in(app: &App, name: &str) -> Self {
        let desk = Self::new(app);
        let page = desk.submit("/console/login", &[("name", name), ("password", PASSWORD)]).await;
        assert_eq!((page.status, page.to.as_deref()), (303, Some("/console")), "{}", page.html);
        desk
    }

    pub(crate) async fn open(&self, path: &str) -> Page {
        Page::of(self.client.get(format!("{}{path}", self.base)).send().await.unwrap()).await
    }

    /// Sends a form as one of our pages would.
    pub(crate) async fn submit(&self, path: &str, form: &[(&str, &str)]) -> Page {
        self.submit_from(path, form, Some(&self.base)).await
    }

    /// Sends a form from the page of another site, or from none.
    pub(crate) async fn submit_from(&self, path: &str, form: &[(&str, &str)], origin: Option<&str>) -> Page {
        let mut request = self.client.post(format!("{}{path}", self.base)).form(form);
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        Page::of(request.send().await.unwrap()).await
    }
}

impl Page {
    async fn of(response: Response) -> Self {
        let status = response.status().as_u16();
        let to = response.headers().get(LOCATION).map(|l| l.to_str().unwrap().to_owned());
        Self { status, to, html: response.text().await.unwrap() }
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.html);
        self
    }

    pub(crate) fn has(&self, words: &str) -> bool {
        self.html.contains(words)
    }

    /// The path of the first job that the page links to.
    pub(crate) fn first_job(&self) -> String {
        let start = self.html.find("/console/jobs/").expect("a job is listed");
        self.html[start..].split('"').next().unwrap().to_owned()
    }
}
