//! Lambda for one process: the runtime API and the extensions API on this machine, the process itself, and
//! its output.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fs, future, io};

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use tests::reload_cases::Answer;
use tokio::net::TcpListener;
use tokio::sync::{Mutex as TurnMutex, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

/// Longer than anything takes, even on a busy machine.
const DEADLINE: Duration = Duration::from_mins(1);

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";

const TRACE: &str = "Root=1-5e6722a7-cc56f146db7ae02d4da47e01";

/// What waits for an event.
#[derive(Debug, Clone, Copy, Default)]
struct Waits {
    runtime: bool,
    extension: bool,
}

/// An event: the id of the request and the body.
type Event = (String, String);

/// The API that the process uses.
struct Api {
    has_extensions: bool,
    waits: watch::Sender<Waits>,
    to_runtime: TurnMutex<mpsc::UnboundedReceiver<Event>>,
    to_extension: TurnMutex<mpsc::UnboundedReceiver<Event>>,
    /// The id of a request with its answer, or the error that the process reports.
    answers: mpsc::UnboundedSender<Result<(String, Value), String>>,
}

impl Api {
    async fn answer(&self, request: Request<Incoming>) -> Response<String> {
        let path = request.uri().path().to_owned();
        let Ok(body) = request.into_body().collect().await else {
            return response(StatusCode::BAD_REQUEST, "");
        };
        let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        if path.ends_with("/runtime/invocation/next") {
            self.waits.send_modify(|waits| waits.runtime = true);
            let event = self.to_runtime.lock().await.recv().await;
            // The other end is dropped with the process.
            let Some((id, event)) = event else { return future::pending().await };
            let mut answer = response(StatusCode::OK, &event);
            let until = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + DEADLINE;
            for (name, value) in [
                ("lambda-runtime-aws-request-id", id.as_str()),
                ("lambda-runtime-deadline-ms", &until.as_millis().to_string()),
                ("lambda-runtime-invoked-function-arn", ARN),
                ("lambda-runtime-trace-id", TRACE),
            ] {
                answer.headers_mut().insert(name, value.parse().unwrap());
            }
            answer
        } else if let Some(id) = path
            .strip_prefix("/2018-06-01/runtime/invocation/")
            .and_then(|rest| rest.strip_suffix("/response"))
        {
            let answer = serde_json::from_str(&body).map_err(|error| format!("{error}: {body}"));
            let _ = self.answers.send(answer.map(|answer| (id.to_owned(), answer)));
            response(StatusCode::ACCEPTED, "")
        } else if path.ends_with("/extension/register") {
            if !self.has_extensions {
                return response(StatusCode::FORBIDDEN, "");
            }
            let name = json!({"functionName": "f", "functionVersion": "$LATEST", "handler": "bootstrap"});
            let mut answer = response(StatusCode::OK, &name.to_string());
            let id = "00000000-0000-0000-0000-000000000001".parse().unwrap();
            answer.headers_mut().insert("lambda-extension-identifier", id);
            answer
        } else if path.ends_with("/extension/event/next") {
            self.waits.send_modify(|waits| waits.extension = true);
            match self.to_extension.lock().await.recv().await {
                Some((_, event)) => response(StatusCode::OK, &event),
                None => future::pending().await,
            }
        } else {
            let _ = self.answers.send(Err(format!("{path}: {body}")));
            response(StatusCode::ACCEPTED, "")
        }
    }
}

fn response(status: StatusCode, body: &str) -> Response<String> {
    let mut response = Response::new(body.to_owned());
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", "application/json".parse().unwrap());
    response
}

async fn serve(listener: TcpListener, api: Arc<Api>) {
    // Dropped with this task, which ends its connections.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let _ = socket.set_nodelay(true);
        let api = Arc::clone(&api);
        let answer = service_fn(move |request| {
            let api = Arc::clone(&api);
            async move { Ok::<_, io::Error>(api.answer(request).await) }
        });
        connections.spawn(async move {
            // A process that ended hangs up.
            let _ =
                auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), answer).await;
        });
    }
}

/// The output of a process that was not taken yet. A thread reads it as it comes.
#[derive(Default)]
struct Output {
    lines: Mutex<Vec<Value>>,
    /// Changes with each line. Holds whether it was the last.
    ended: watch::Sender<bool>,
}

impl Output {
    fn read(&self, stdout: ChildStdout) {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
            self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            self.ended.send_replace(false);
        }
        self.ended.send_replace(true);
    }

    /// Takes the lines up to that of a request, which is included.
    fn take_until(&self, id: &str) -> Option<Vec<Value>> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let at = lines.iter().position(|line| line["request_id"] == id)?;
        Some(lines.drain(..=at).collect())
    }
}

/// A process of a function, and Lambda around it. It is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    api: JoinHandle<()>,
    has_extensions: bool,
    waits: watch::Sender<Waits>,
    to_runtime: mpsc::UnboundedSender<Event>,
    to_extension: mpsc::UnboundedSender<Event>,
    answers: TurnMutex<mpsc::UnboundedReceiver<Result<(String, Value), String>>>,
    output: Arc<Output>,
    stderr: PathBuf,
    n_asked: u64,
    /// The time that an event may take, with what the process does after its answer.
    allowed: Duration,
    /// When the time of the last event is over. Lambda ends a process that is not idle by then.
    deadline: Instant,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.api.abort();
        // Both fail if the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Starts a function's binary. Without extensions, Lambda refuses to register one, and the next event
    /// comes as soon as the last one was answered. With extensions, it waits for the extension too.
    pub(crate) async fn start(
        binary: &Path,
        variables: &[(&str, &str)],
        has_extensions: bool,
        stderr: PathBuf,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let waits = watch::Sender::default();
        let (to_runtime, for_runtime) = mpsc::unbounded_channel();
        let (to_extension, for_extension) = mpsc::unbounded_channel();
        let (to_answers, answers) = mpsc::unbounded_channel();
        let api = Api {
            has_extensions,
            waits: waits.clone(),
            to_runtime: TurnMutex::new(for_runtime),
            to_extension: TurnMutex::new(for_extension),
            answers: to_answers,
        };
        let api = tokio::spawn(serve(listener, Arc::new(api)));
        let mut child = Command::new(binary)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "f")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "group")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be run: {error}", binary.display()));
        let output = Arc::<Output>::default();
        let (reader, stdout) = (Arc::clone(&output), child.stdout.take().unwrap());
        thread::spawn(move || reader.read(stdout));
        Self {
            child,
            api,
            has_extensions,
            waits,
            to_runtime,
            to_extension,
            answers: TurnMutex::new(answers),
            output,
            stderr,
            n_asked: 0,
            allowed: DEADLINE,
            deadline: Instant::now() + DEADLINE,
        }
    }

    /// Waits for something that has to come before the deadline and before the process ends.
    async fn wait<T>(&self, what: &str, coming: impl Future<Output = T>) -> T {
        let mut ended = self.output.ended.subscribe();
        tokio::select! {
            come = coming => come,
            _ = ended.wait_for(|ended| *ended) => {
                let lines = self.output.lines.lock().unwrap_or_else(PoisonError::into_inner);
                let stderr = fs::read_to_string(&self.stderr).unwrap();
                panic!("the process ended before {what}: {lines:?} {stderr}")
            }
            () = tokio::time::sleep(DEADLINE) => panic!("{DEADLINE:?} passed before {what}"),
        }
    }

    fn is_idle(&self, waits: Waits) -> bool {
        waits.runtime && (waits.extension || !self.has_extensions)
    }

    /// Returns whether the next event would be sent at once. With extensions, no poll is under way then.
    pub(crate) fn is_settled(&self) -> bool {
        self.is_idle(*self.waits.borrow())
    }

    /// Waits until the next event would be sent at once, which has to be before the deadline of the last one.
    pub(crate) async fn settled(&self) {
        let mut waits = self.waits.subscribe();
        self.wait("it asked for an event", async {
            let idle = waits.wait_for(|waits| self.is_idle(*waits));
            let idle = timeout_at(self.deadline, idle).await;
            idle.expect("it is idle before the deadline, at which Lambda ends it").map(drop).unwrap();
        })
        .await;
    }

    /// Sets the time of the next events.
    pub(crate) fn allow(&mut self, allowed: Duration) {
        self.allowed = allowed;
    }

    /// Waits until the process waits for an event, sends a GET as an HTTP API does, and returns the answer.
    pub(crate) async fn ask(&mut self, question: &str) -> Answer {
        self.settled().await;
        self.n_asked += 1;
        let id = format!("00000000-0000-0000-0000-{:012}", self.n_asked);
        self.waits.send_replace(Waits::default());
        self.deadline = Instant::now() + self.allowed;
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + self.allowed;
        self.to_runtime.send((id.clone(), event(question))).unwrap();
        let answer =
            self.wait("it answered", async { self.answers.lock().await.recv().await.unwrap() }).await;
        // Lambda sends an event to both at once. Here the extension gets it last, so that no poll is under
        // way when both wait again: it stays awake for a poll that the event triggers, and does not know of
        // polls that begin after its own.
        if self.has_extensions {
            let invoke = json!({
                "eventType": "INVOKE",
                "deadlineMs": deadline.as_millis() as u64,
                "requestId": id,
                "invokedFunctionArn": ARN,
                "tracing": {"type": "X-Amzn-Trace-Id", "value": TRACE},
            });
            self.to_extension.send((id.clone(), invoke.to_string())).unwrap();
        }
        let (answered, answer) = answer.unwrap_or_else(|fault| panic!("the process reports {fault}"));
        assert_eq!(answered, id, "an answer to the event that was sent");
        let is_text = answer["isBase64Encoded"] == false;
        let status = answer["statusCode"].as_u64().unwrap();
        assert!(is_text, "answers are text: {answer}");
        (u16::try_from(status).unwrap(), answer["body"].as_str().unwrap().to_owned())
    }

    /// Returns the lines of the log since the last call, up to that of the last request.
    pub(crate) async fn log(&self) -> Vec<Value> {
        let id = format!("00000000-0000-0000-0000-{:012}", self.n_asked);
        let mut changed = self.output.ended.subscribe();
        self.wait("it wrote the line of its last request", async {
            loop {
                if let Some(lines) = self.output.take_until(&id) {
                    return lines;
                }
                changed.changed().await.unwrap();
            }
        })
        .await
    }

    /// Asks the process to end, and waits for it. It must have written nothing to stderr, and nothing more to
    /// its log.
    pub(crate) async fn terminate(mut self) {
        self.settled().await;
        assert_eq!(self.child.try_wait().unwrap(), None, "it runs until it is asked to end");
        let mut ended = self.output.ended.subscribe();
        // Shells have `kill`. The standard library can only send SIGKILL.
        let sent =
            Command::new("sh").args(["-c", "kill -TERM \"$0\"", &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
        let end = tokio::time::timeout(DEADLINE, ended.wait_for(|ended| *ended)).await;
        end.expect("SIGTERM ends a process").map(drop).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success() || status.signal() == Some(15), "{status}");
        let lines = self.output.lines.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(lines.is_empty(), "{lines:?}");
        assert_eq!(fs::read_to_string(&self.stderr).unwrap(), "");
    }
}

fn event(question: &str) -> String {
    let (path, query) = question.split_once('?').unwrap_or((question, ""));
    let host = "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com";
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": host, "accept": "*/*"},
        "requestContext": {
            "accountId": "123456789012",
            "domainName": host,
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7"},
            "requestId": "JKJaXmPLvHcESHA=",
            "stage": "$default",
        },
        "isBase64Encoded": false,
    })
    .to_string()
}
