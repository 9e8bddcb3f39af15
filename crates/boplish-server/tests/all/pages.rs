//! Requests: pages, health, and what is no page.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::common::{Client, get, id, keypair, request, server, soon};
use boplish_server::{Server, Site};
use boplish_wire::bootstrap::joined;

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

    /// Makes a file one that has not changed for an hour.
    fn settle(&self, path: &str) {
        self.set_time(path, SystemTime::now() - Duration::from_secs(3_600));
    }

    /// Makes a file one that changes right now, for as long as a test may take.
    fn unsettle(&self, path: &str) {
        self.set_time(path, SystemTime::now() + Duration::from_secs(3_600));
    }

    fn set_time(&self, path: &str, time: SystemTime) {
        let file = fs::File::options().write(true).open(self.0.join(path));
        let set = file.and_then(|file| file.set_modified(time));
        set.expect("the target folder is writable");
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
async fn the_tag_of_a_file_is_its_content() {
    let folder = Folder::new("tags");
    folder.write("site/a.html", "content");
    folder.unsettle("site/a.html");
    let server = folder.serve().await;
    let tag = async |path: &str| {
        let page = get(&server, path).await;
        page.header("etag").expect("an ETag").to_owned()
    };
    let fresh = tag("/a.html").await;
    assert!(
        fresh.starts_with("W/"),
        "just written, it may change unseen: {fresh}"
    );
    folder.settle("site/a.html");
    let settled = tag("/a.html").await;
    assert_eq!(fresh, format!("W/{settled}"));
    assert_eq!(tag("/a.html").await, settled);
    // Of the same length and time, as from a tool that sets all times alike.
    folder.write("site/a.html", "CONTENT");
    folder.settle("site/a.html");
    let other = tag("/a.html").await;
    assert!(other.starts_with('"') && other != settled, "{other}");
    folder.write("site/a.html", "content");
    folder.settle("site/a.html");
    assert_eq!(tag("/a.html").await, settled);
}

#[tokio::test]
async fn a_part_of_a_file_is_sent() {
    let folder = Folder::new("parts");
    folder.write("site/a.txt", "0123456789");
    folder.write("site/empty.txt", "");
    folder.settle("site/a.txt");
    let server = folder.serve().await;
    for (range, content_range, body) in [
        ("bytes=0-3", "bytes 0-3/10", "0123"),
        ("bytes=8-", "bytes 8-9/10", "89"),
        ("bytes=-1", "bytes 9-9/10", "9"),
    ] {
        let part = request(&server, "GET", "/a.txt", &format!("Range: {range}\r\n")).await;
        assert_eq!((part.status, part.text()), (206, body), "{range}");
        assert_eq!(part.header("content-range"), Some(content_range));
        let length = body.len().to_string();
        assert_eq!(part.header("content-length"), Some(&*length));
        assert_eq!(
            part.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
    }
    for range in ["bytes=0-1,4-5", "lines=1-2", "bytes=x"] {
        let whole = request(&server, "GET", "/a.txt", &format!("Range: {range}\r\n")).await;
        assert_eq!((whole.status, whole.text()), (200, "0123456789"), "{range}");
        assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    }
    for (path, size) in [("/a.txt", "bytes */10"), ("/empty.txt", "bytes */0")] {
        let none = request(&server, "GET", path, "Range: bytes=10-\r\n").await;
        assert_eq!((none.status, none.body.len()), (416, 0));
        assert_eq!(none.header("content-range"), Some(size));
    }
    let head = request(&server, "HEAD", "/a.txt", "Range: bytes=0-3\r\n").await;
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some("10"))
    );
}

#[tokio::test]
async fn a_part_is_only_sent_of_what_the_client_has() {
    let folder = Folder::new("if-range");
    folder.write("site/a.txt", "0123456789");
    folder.settle("site/a.txt");
    let server = folder.serve().await;
    let part = async |headers: &str| {
        let headers = format!("Range: bytes=2-3\r\n{headers}");
        request(&server, "GET", "/a.txt", &headers).await
    };
    let tag = get(&server, "/a.txt").await;
    let tag = tag.header("etag").expect("an ETag");
    let same = part(&format!("If-Range: {tag}\r\n")).await;
    assert_eq!((same.status, same.text()), (206, "23"));
    for condition in [
        "\"other\"",
        &format!("W/{tag}"),
        "Sun, 06 Nov 1994 08:49:37 GMT",
    ] {
        let whole = part(&format!("If-Range: {condition}\r\n")).await;
        assert_eq!(
            (whole.status, whole.text()),
            (200, "0123456789"),
            "{condition}"
        );
    }
    let known = part(&format!("If-None-Match: {tag}\r\n")).await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    // A weak tag vouches for no part.
    folder.unsettle("site/a.txt");
    let tag = get(&server, "/a.txt").await;
    let weak = tag.header("etag").expect("an ETag");
    let whole = part(&format!("If-Range: {weak}\r\n")).await;
    assert_eq!((weak.starts_with("W/"), whole.status), (true, 200));
}

#[tokio::test]
async fn a_compressed_variant_is_sent_to_whoever_can_read_it() {
    let folder = Folder::new("variants");
    for (path, content) in [
        ("site/a.js", "the original"),
        ("site/a.js.gz", "by gzip"),
        ("site/a.js.br", "brotli"),
        ("site/b.js", "changed since"),
        ("site/b.js.br", "old"),
        ("site/c.js.br", "of nothing"),
    ] {
        folder.write(path, content);
    }
    folder.settle("site/b.js.br");
    folder.settle("site/a.js");
    let server = folder.serve().await;
    let mut tags = Vec::new();
    for (accepted, encoding, body) in [
        ("gzip, br", Some("br"), "brotli"),
        ("gzip, br;q=0", Some("gzip"), "by gzip"),
        ("identity", None, "the original"),
    ] {
        let accepted = format!("Accept-Encoding: {accepted}\r\n");
        let page = request(&server, "GET", "/a.js", &accepted).await;
        assert_eq!((page.status, page.text()), (200, body), "{accepted}");
        assert_eq!(page.header("content-encoding"), encoding, "{accepted}");
        assert_eq!(page.header("vary"), Some("Accept-Encoding"));
        assert_eq!(
            page.header("content-type"),
            Some("text/javascript; charset=utf-8")
        );
        tags.push(page.header("etag").expect("an ETag").to_owned());
        let headers = format!("{accepted}Range: bytes=1-2\r\n");
        let part = request(&server, "GET", "/a.js", &headers).await;
        assert_eq!(part.text(), &body[1..3], "a part of what is sent");
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "each variant has its own: {tags:?}");
    let stale = request(&server, "GET", "/b.js", "Accept-Encoding: br\r\n").await;
    assert_eq!((stale.status, stale.text()), (200, "changed since"));
    let alone = request(&server, "GET", "/c.js", "Accept-Encoding: br\r\n").await;
    assert_eq!(alone.status, 404);
}

#[tokio::test]
async fn what_has_a_hash_in_its_name_is_kept_for_a_year() {
    let folder = Folder::new("hashed");
    folder.write("site/assets/page-B2Vep3aX.js", "page");
    folder.write("site/assets/page.js", "page");
    let server = folder.serve().await;
    for (path, cache) in [
        (
            "/assets/page-B2Vep3aX.js",
            "public, max-age=31536000, immutable",
        ),
        ("/assets/page.js", "no-cache"),
    ] {
        let page = get(&server, path).await;
        assert_eq!(page.header("cache-control"), Some(cache), "{path}");
    }
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
    for (to, link) in [
        ("../secret.txt", "site/link.txt"),
        ("..", "site/up"),
        ("/", "site/sub/all"),
        ("../secret.txt", "site/page.txt.br"),
        ("nowhere", "site/dangling.txt"),
        ("circle.txt", "site/circle.txt"),
    ] {
        std::os::unix::fs::symlink(to, folder.0.join(link)).expect("a link");
    }
    folder.write("site/page.txt", "page");
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
        "/up/secret.txt",
        "/up",
        "/sub/all/etc/passwd",
        "/dangling.txt",
        "/circle.txt",
        "/page.txt.br",
        "/..\\secret.txt",
        "/sub\\..\\..\\secret.txt",
        "/%5c..%5csecret.txt",
        "/%252e%252e%252fsecret.txt",
        "/%25252e%25252e/secret.txt",
        "/..%c0%afsecret.txt",
        "/%c0%ae%c0%ae/secret.txt",
        "/%u002e%u002e/secret.txt",
        "/..;/secret.txt",
        "/.%2e/secret.txt",
        "/%2e./secret.txt",
        "/sub/.../secret.txt",
        "/~/secret.txt",
        "/C:/secret.txt",
        "/index.html%00.txt",
        "/sub%2fpage.html",
        "/index.html/",
        "/%ff",
        "/absent",
    ] {
        let page = get(&server, path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(!page.text().contains("secret"), "{path}");
    }
    for whole in [
        "http://test/../secret.txt",
        "http://test//../secret.txt",
        "*",
    ] {
        let page = get(&server, whole).await;
        assert!(matches!(page.status, 400 | 404), "{whole}: {}", page.status);
    }
    // A link out of the folder is no variant either.
    let page = request(&server, "GET", "/page.txt", "Accept-Encoding: br\r\n").await;
    assert_eq!((page.status, page.text()), (200, "page"));
    assert_eq!(page.header("content-encoding"), None);
    let embedded = crate::common::server(|_| {}).await;
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
        "/ws/a/b/c",
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
