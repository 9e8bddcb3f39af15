//! Requests: pages, health, and what is no page.

mod common;

use std::fs;
use std::path::PathBuf;

use boplish_server::{Server, Site};
use boplish_wire::bootstrap::joined;
use common::{Client, get, id, keypair, request, server, soon};

/// A folder for one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("site")).expect("the target folder is writable");
        let folder = Self(path);
        folder.write("secret.txt", "secret");
        folder
    }

    /// Writes a file, whose path is below the folder that `site` is in.
    fn write(&self, path: &str, content: &str) {
        let path = self.0.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("the target folder is writable");
        }
        fs::write(path, content).expect("the target folder is writable");
    }

    async fn serve(&self) -> Server {
        let site = Site::Dir(self.0.join("site"));
        server(|config| config.site = site).await
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn the_embedded_site_has_a_first_page() {
    let server = server(|_| {}).await;
    let page = get(&server, "/").await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(page.text().contains("<html"));
    let etag = page.header("etag").expect("pages have an ETag");
    let headers = format!("If-None-Match: \"other\", W/{etag}\r\n");
    let again = request(&server, "GET", "/index.html", &headers).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[tokio::test]
async fn health_is_told() {
    let server = server(|_| {}).await;
    let mut alice = Client::proven(&server, 1).await;
    alice.say(&joined(keypair(1).id())).await;
    soon("the joining", async {
        while server.stats().await.joined == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let health = get(&server, "/health").await;
    assert_eq!(health.status, 200);
    assert_eq!(health.header("content-type"), Some("application/json"));
    let health: serde_json::Value = serde_json::from_slice(&health.body).expect("JSON");
    assert_eq!(health["status"], "ok");
    for (name, number) in [
        ("connected", 1),
        ("entryPeers", 1),
        ("joined", 1),
        ("released", 0),
    ] {
        assert_eq!(health[name], number, "{name}");
    }
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert!(health["uptime"].is_u64());
    assert_eq!(request(&server, "POST", "/health", "").await.status, 405);
}

#[tokio::test]
async fn files_of_a_folder_are_served_with_their_types() {
    let folder = Folder::new("types");
    for (path, content) in [
        ("site/index.html", "<html>root</html>"),
        ("site/boplish.min.js", "script"),
        ("site/core.wasm", "module"),
        ("site/sub/index.html", "<html>sub</html>"),
        ("site/with space.txt", "space"),
        ("site/.well-known/boplish.json", "{}"),
    ] {
        folder.write(path, content);
    }
    let server = folder.serve().await;
    for (path, kind, body) in [
        ("/", "text/html; charset=utf-8", "<html>root</html>"),
        (
            "/index.html?query=1",
            "text/html; charset=utf-8",
            "<html>root</html>",
        ),
        (
            "/boplish.min.js",
            "text/javascript; charset=utf-8",
            "script",
        ),
        ("/core.wasm", "application/wasm", "module"),
        ("/sub/", "text/html; charset=utf-8", "<html>sub</html>"),
        ("/with%20space.txt", "text/plain; charset=utf-8", "space"),
        ("/.well-known/boplish.json", "application/json", "{}"),
    ] {
        let page = get(&server, path).await;
        assert_eq!((page.status, page.text()), (200, body), "{path}");
        assert_eq!(page.header("content-type"), Some(kind), "{path}");
        assert_eq!(page.header("cache-control"), Some("no-cache"), "{path}");
        let is_script = path.ends_with("js") || path.ends_with("wasm");
        let anyone = page.header("access-control-allow-origin");
        assert_eq!(anyone, is_script.then_some("*"), "{path}");
        let head = request(&server, "HEAD", path, "").await;
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_eq!(
            head.header("content-length"),
            Some(body.len().to_string().as_str())
        );
    }
    let moved = get(&server, "/sub").await;
    assert_eq!(
        (moved.status, moved.header("location")),
        (308, Some("/sub/"))
    );
}

#[tokio::test]
async fn a_changed_file_is_sent_again() {
    let folder = Folder::new("changed");
    folder.write("site/index.html", "old");
    let server = folder.serve().await;
    let old = get(&server, "/").await;
    let headers = format!(
        "If-None-Match: {}\r\n",
        old.header("etag").expect("an ETag")
    );
    assert_eq!(request(&server, "GET", "/", &headers).await.status, 304);
    folder.write("site/index.html", "newer");
    let new = request(&server, "GET", "/", &headers).await;
    assert_eq!((new.status, new.text()), (200, "newer"));
}

#[tokio::test]
async fn a_large_file_arrives_whole() {
    let folder = Folder::new("large");
    let content = "0123456789abcdef".repeat(100_000);
    folder.write("site/large.bin", &content);
    let server = folder.serve().await;
    let page = get(&server, "/large.bin").await;
    assert_eq!(page.header("content-length"), Some("1600000"));
    assert!(page.body == content.as_bytes());
}

#[tokio::test]
async fn nothing_outside_the_site_is_served() {
    let folder = Folder::new("outside");
    folder.write("site/index.html", "root");
    folder.write("site/sub/page.html", "page");
    folder.write("site/.env", "hidden");
    #[cfg(unix)]
    std::os::unix::fs::symlink("../secret.txt", folder.0.join("site/link.txt")).expect("a link");
    let server = folder.serve().await;
    for path in [
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2E%2E%2Fsecret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "/sub/%2e%2e/%2e%2e/secret.txt",
        "/sub/..%00/secret.txt",
        "/%252e%252e/secret.txt",
        "//secret.txt",
        "//etc/passwd",
        "/./index.html",
        "/.env",
        "/%2eenv",
        "/link.txt",
        "/index.html/",
        "/%ff",
        "/absent",
    ] {
        let page = get(&server, path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(!page.text().contains("secret"), "{path}");
    }
    let embedded = common::server(|_| {}).await;
    for path in ["/../Cargo.toml", "/%2e%2e/build.rs", "/absent"] {
        assert_eq!(get(&embedded, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn pages_can_only_be_read() {
    let server = server(|_| {}).await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = request(&server, method, "/", "").await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method}");
    }
}

#[tokio::test]
async fn a_wrong_web_socket_path_is_explained() {
    let server = server(|_| {}).await;
    let long = format!("/ws/{}", "x".repeat(65));
    for path in [
        "/ws",
        "/ws/",
        "/ws/a/b",
        "/ws/a%20b",
        "/ws/%2e%2e",
        "/ws/a!",
        &long,
    ] {
        let answer = get(&server, path).await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(
            answer.text().contains("40 hex digits"),
            "{path}: {}",
            answer.text()
        );
        assert!(
            Client::try_connect(server.local_addr(), path, None, None)
                .await
                .is_err()
        );
    }
    let plain = get(&server, &format!("/ws/{}", id(1))).await;
    assert_eq!(plain.status, 426);
    assert_eq!(plain.header("upgrade"), Some("websocket"));
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let server = server(|_| {}).await;
    let header = format!("X-Long: {}\r\n", "x".repeat(64 * 1024));
    let answer = request(&server, "GET", "/", &header).await;
    assert_eq!(answer.status, 431);
}
