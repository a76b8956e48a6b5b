use std::fs;
use std::path::Path;

use super::*;

/// A folder with files, and the first of them read.
fn written(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Result<Conf, Refused>) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().expect("it is in the folder")).expect("a folder of our own");
        fs::write(file, text).expect("a file of our own");
    }
    let conf = Conf::read(&folder.path().join(files[0].0));
    (folder, conf)
}

fn read(text: &str) -> Conf {
    written(&[("nginx.conf", text.as_bytes())]).1.expect("a conf")
}

fn refusal(text: &[u8]) -> String {
    let (folder, conf) = written(&[("nginx.conf", text)]);
    conf.expect_err("no conf").to_string().replace(&format!("{}/", folder.path().display()), "")
}

/// What nginx is given, with the addresses as words, and what was said.
fn given(text: &str) -> (String, Vec<String>) {
    let conf = read(text);
    let choice = conf.choices(None).into_iter().next().unwrap_or_default();
    let addressed = addressed(&conf, &choice, Some(Path::new("/n")), &[]);
    let [listen, origin] = ["127.0.0.1:80", "127.0.0.1:90"].map(|address| address.parse().expect("an address"));
    let text = addressed.template.fill(listen, origin, Path::new("/p"));
    let said = addressed.replaced.iter().map(|replaced| {
        let said = replaced.to_string();
        said.split_once("nginx.conf:").map_or(said.clone(), |(_, said)| said.to_owned())
    });
    (text, said.collect())
}

fn words(text: &str) -> Vec<String> {
    read(text).directives[0].words.iter().map(|word| word.value.clone()).collect()
}

#[test]
fn words_are_those_of_nginx() {
    assert_eq!(words("a b;"), ["a", "b"]);
    assert_eq!(words("log_format m '$a \"q\" ' \"it's\";"), ["log_format", "m", "$a \"q\" ", "it's"]);
    assert_eq!(words("a b#c d;# e\n"), ["a", "b#c", "d"]);
    assert_eq!(words("# c { ; }\n\ta\r\n b ; "), ["a", "b"]);
    assert_eq!(words("set $a ${b}c;"), ["set", "$a", "${b}c"]);
    assert_eq!(words("a ${{b; c;"), ["a", "${{b"]);
    assert_eq!(words(r#"a \;b "\"c\\" \d;"#), ["a", r"\;b", r#""c\"#, r"\d"]);
    assert_eq!(words("a b}c it's;"), ["a", "b}c", "it's"]);
    assert_eq!(words("\u{feff}a 'x;{}#y';"), ["a", "x;{}#y"]);
    assert_eq!(words("location ~ \\.php$ { b; }"), ["location", "~", "\\.php$"]);
    assert_eq!(words("location ~ '^/[a-z]{2}/' { b; }"), ["location", "~", "^/[a-z]{2}/"]);
    assert_eq!(words("if ($a ~ \"x{2}\") { b; }"), ["if", "($a", "~", "x{2}", ")"]);
}

#[test]
fn what_is_no_conf_is_refused_with_its_line_in_the_words_of_nginx() {
    for (text, why) in [
        ("a", "unexpected end of file, expecting \";\" or \"}\" in nginx.conf:1"),
        ("\na b;\n;", "unexpected \";\" in nginx.conf:3"),
        ("{", "unexpected \"{\" in nginx.conf:1"),
        ("}", "unexpected \"}\" in nginx.conf:1"),
        ("a {\n b }\n", "unexpected \"}\" in nginx.conf:2"),
        ("a {\n b;\n", "unexpected end of file, expecting \"}\" in nginx.conf:3"),
        ("a \"b;\n", "unexpected end of file, expecting \";\" or \"}\" in nginx.conf:2"),
        ("a \"b\"c;", "unexpected \"c\" in nginx.conf:1"),
        ("a b\\", "unexpected end of file, expecting \";\" or \"}\" in nginx.conf:1"),
        ("content_by_lua_block { '}' [[}]] -- }\n", "unexpected end of file, expecting \"}\" in nginx.conf:2"),
        ("a \0;", "a NUL inside a word in nginx.conf:1"),
    ] {
        assert_eq!(refusal(text.as_bytes()), why, "{text:?}");
    }
    assert_eq!(refusal(b"a \xff;"), "a word that is not UTF-8 in nginx.conf:1");
    assert_eq!(refusal("a {".repeat(100_000).as_bytes()), "blocks are nested too deeply in nginx.conf:1");
    assert_eq!(read("# caf\u{e9}\n").directives, []);
}

#[test]
fn the_code_of_lua_is_left_alone() {
    let code = r#" if x then return "}" end -- it's }
        --[==[ } ]] ]==] local t = { a = [[}]], b = '\'}' } "#;
    let conf = read(&format!("content_by_lua_block {{{code}}} a;"));
    assert_eq!(conf.directives[0].body, Body::Code(code.to_owned()));
    assert_eq!(conf.directives[1].name(), "a");
}

#[test]
fn every_prefix_of_a_conf_and_any_octet_in_it_is_read_or_refused() {
    let text = b"a 'b' \"c\\\"\" ${d} { e #f\n; content_by_lua_block { [[x]] --[=[y]=]\n } } ";
    for length in 0..text.len() {
        let _either = written(&[("nginx.conf", &text[..length])]);
        for octet in [b'"', b'\\', b'{', b'}', b'[', b'-', b'#', 0xff, 0] {
            let mut text = text.to_vec();
            text[length] = octet;
            let _either = written(&[("nginx.conf", &text)]);
        }
    }
}

/// The one who asks is glob(3), for which two stars are one, and a star meets no slash and no leading dot.
#[test]
fn a_pattern_meets_what_it_meets_for_nginx() {
    let files: [(&str, &[u8]); 6] = [
        ("nginx.conf", b"include **/*.conf;"),
        ("top.conf", b"top;"),
        ("one/a.conf", b"a;"),
        ("one/.a.conf.swp.conf", b"hidden;"),
        ("one/two/b.conf", b"deeper;"),
        ("[one]/c.conf", b"c;"),
    ];
    let (_folder, conf) = written(&files);
    let names: Vec<String> = conf.expect("a conf").directives.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["c;", "a;"]);
}

/// POSIX leaves `[^` open; glob(3) takes it as it takes `[!`. Behind the first place either is a character like others.
#[test]
fn a_bracket_is_negated_by_either_sign() {
    for (pattern, meets) in [
        ("[^b].conf", &["!;", "];", "^;", "a;"][..]),
        ("[!b].conf", &["!;", "];", "^;", "a;"]),
        ("[^]b].conf", &["!;", "^;", "a;"]),
        ("[b^].conf", &["^;", "b;"]),
        ("[a[^].conf", &["^;", "a;"]),
        ("[]a].conf", &["];", "a;"]),
    ] {
        let include = format!("include c/{pattern};");
        let files: [(&str, &[u8]); 6] = [
            ("nginx.conf", include.as_bytes()),
            ("c/a.conf", b"a;"),
            ("c/b.conf", b"b;"),
            ("c/!.conf", b"!;"),
            ("c/^.conf", b"^;"),
            ("c/].conf", b"];"),
        ];
        let (_folder, conf) = written(&files);
        let names: Vec<String> = conf.expect("a conf").directives.iter().map(ToString::to_string).collect();
        assert_eq!(names, meets, "{pattern}");
    }
}

#[test]
fn what_is_included_stands_in_its_place_and_keeps_it() {
    let (_folder, conf) = written(&[
        ("nginx.conf", b"a;\ninclude conf.d/*.conf;\ninclude none/*.conf;\nz;"),
        ("conf.d/2.conf", b"c;"),
        ("conf.d/1.conf", b"\nb;"),
        ("conf.d/3.txt", b"no;"),
    ]);
    let conf = conf.expect("a conf");
    let names: Vec<String> = conf.directives.iter().map(|directive| directive.name().to_owned()).collect();
    assert_eq!(names, ["a", "b", "c", "z"]);
    let place = conf.directives[1].place.to_string();
    assert!(place.ends_with("/conf.d/1.conf:2"), "{place}");

    let (folder, conf) = written(&[("nginx.conf", b"\ninclude mime.types;")]);
    let missing = conf.expect_err("it is not there").to_string().replace(&folder.path().display().to_string(), ".");
    assert_eq!(missing, "open() \"./mime.types\" failed (No such file or directory (os error 2)) in ./nginx.conf:2");
    assert!(
        refusal(b"include nginx.conf;").starts_with("\"nginx.conf\" includes itself in"),
        "{}",
        refusal(b"include nginx.conf;")
    );
    assert!(refusal(b"include /dev/zero;").starts_with("\"/dev/zero\" is no file in"));
}

#[test]
fn only_addresses_paths_and_what_is_about_the_process_are_replaced() {
    let (text, said) = given(
        "user www;\nevents {}\nhttp {\n  upstream b { server a:1 weight=2; keepalive 2; }\n  server {\n    listen 80;\n\
         server_name x;\n    location / { proxy_pass http://b/x; add_header listen 80; }\n\
         location /o { proxy_pass https://h:1/p; }\n  }\n  server { listen 81; listen 82; }\n}\n",
    );
    assert_eq!(
        text.lines().filter(|line| !line.contains("_temp_path")).collect::<Vec<_>>(),
        [
            "events {",
            "}",
            "http {",
            "access_log off;",
            "upstream b {",
            "server 127.0.0.1:90 weight=2;",
            "keepalive 2;",
            "}",
            "server {",
            "listen 127.0.0.1:80 default_server;",
            "server_name x;",
            "location / {",
            "proxy_pass http://b/x;",
            "add_header listen 80;",
            "}",
            "location /o {",
            "proxy_pass http://127.0.0.1:90/p;",
            "}",
            "}",
            "server {",
            "listen unix:/p/server-1.sock;",
            "}",
            "server { listen 127.0.0.1:80; server_name fence; location / { proxy_pass http://127.0.0.1:90; } }",
            "}",
        ]
    );
    assert_eq!(
        said,
        [
            "1: user www;  is left out",
            "4: server a:1 weight=2;  is now  server ORIGIN weight=2;",
            "6: listen 80;  is now  listen LISTEN default_server;",
            "9: proxy_pass https://h:1/p;  is now  proxy_pass http://ORIGIN/p;",
            "11: listen 81;  is now  listen unix:PREFIX/server-1.sock;",
            "11: listen 82;  is left out",
            "added  server { listen LISTEN; server_name fence; location / { proxy_pass http://ORIGIN; } }",
        ]
    );
}

#[test]
fn what_is_no_http_what_only_reads_files_and_whence_to_connect_is_left_out() {
    let (text, said) = given(
        "thread_pool a threads=2;\nevents {}\nstream { upstream s { server h:1; } server { listen 9; proxy_pass s; } }\n\
         mail { server { listen 25; } }\nhttp { aio threads=a; server { location / { proxy_pass http://b; proxy_bind 10.0.0.9; } } }\n",
    );
    assert!(["stream", "mail", "aio", "thread_pool", "proxy_bind"].iter().all(|word| !text.contains(word)), "{text}");
    let left_out: Vec<&str> = said.iter().filter_map(|line| line.strip_suffix("  is left out")).collect();
    let expected = [
        "1: thread_pool a threads=2;",
        "3: stream { .. }",
        "4: mail { .. }",
        "5: aio threads=a;",
        "5: proxy_bind 10.0.0.9;",
    ];
    assert_eq!(left_out, expected);
}

#[test]
fn a_module_is_that_of_the_prefix_of_nginx_and_none_is_loaded_for_what_is_left_out() {
    let (text, said) = given(
        "load_module modules/ngx_stream_module.so;\nload_module /m/ngx_mail_module.so;\n\
         load_module \"modules/ngx_stream_geoip2_module.so\";\nload_module modules/ngx_http_brotli_filter_module.so;\n\
         load_module \"a b.so\";\nload_module /m/ngx_http_js_module.so;\nevents {}\nstream {}\nhttp {}\n",
    );
    assert_eq!(
        text.lines().take(3).collect::<Vec<_>>(),
        [
            "load_module /n/modules/ngx_http_brotli_filter_module.so;",
            "load_module /n/a\\ b.so;",
            "load_module /m/ngx_http_js_module.so;",
        ]
    );
    assert_eq!(
        said[..6],
        [
            "1: load_module modules/ngx_stream_module.so;  is left out",
            "2: load_module /m/ngx_mail_module.so;  is left out",
            "3: load_module \"modules/ngx_stream_geoip2_module.so\";  is left out",
            "4: load_module modules/ngx_http_brotli_filter_module.so;  is now  load_module \
             /n/modules/ngx_http_brotli_filter_module.so;",
            "5: load_module \"a b.so\";  is now  load_module /n/a\\ b.so;",
            "8: stream { .. }  is left out",
        ]
    );
}

#[test]
fn an_origin_is_replaced_however_it_is_named() {
    for (target, now) in [
        ("http://h", "http://ORIGIN"),
        ("http://h:1/", "http://ORIGIN/"),
        ("http://$h:1$request_uri", "http://ORIGIN$request_uri"),
        ("$target", "http://ORIGIN"),
        ("\"http://h/a b\"", "http://ORIGIN/a\\ b"),
        ("http://unix:/run/a.sock:/p", "http://ORIGIN/p"),
        ("http://unix:/run/a.sock", "http://ORIGIN"),
        ("http://[::1]:1/p", "http://ORIGIN/p"),
    ] {
        let (_, said) = given(&format!("location / {{ proxy_pass {target}; }}"));
        assert!(said.contains(&format!("1: proxy_pass {target};  is now  proxy_pass {now};")), "{target}: {said:?}");
    }
}

#[test]
fn a_location_for_streams_is_tried_first_and_a_part_of_a_conf_is_made_whole() {
    let paths = |text: &str| read(text).choices(None).into_iter().map(|choice| choice.path).collect::<Vec<_>>();
    assert_eq!(
        paths(
            "server { location /a { proxy_pass http://o; } location = /s { proxy_pass http://o; proxy_buffering off; } }"
        ),
        [Some("/s".to_owned()), None, Some("/a".to_owned())]
    );
    assert_eq!(paths("location ~ ^/x { proxy_pass http://o; }"), [None]);
    assert_eq!(paths("server { return 301 https://$host; }"), []);
    let (text, said) = given("location / { proxy_pass http://o; }");
    assert!(text.starts_with("events {\n}\nhttp {\n"), "{text}");
    assert_eq!(said[0], "added  events {} http { server { .. } }, around the whole file");
    let two = read(
        "server { server_name a; location / { proxy_pass http://o; } } server { server_name b; location / { proxy_pass http://o; } }",
    );
    assert_eq!(two.choices(Some("b")).iter().map(|choice| choice.server).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn our_own_confs_are_taken_like_anybodys() {
    for name in fixtures::nginx::conf::names() {
        let conf = read(fixtures::nginx::conf::text(name).expect("a known conf"));
        assert_eq!(conf.choices(None)[0].path, None, "{name}");
    }
}
