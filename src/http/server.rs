//! Answers requests until it is told to stop, then lets those in flight finish, for a while.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::http;
use crate::http::state::AppState;

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Every request in flight was answered.
    Drained,
    /// The grace ran out first; what was not answered was not acknowledged.
    CutOff,
}

/// Serves until `stop` is ready; then takes no new connections and waits `grace` for the others.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    state: AppState,
    stop: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> io::Result<Ended> {
    let (stopping, stopped) = oneshot::channel();
    let signal = async move {
        stop.await;
        // Nobody listens only when serving has already ended.
        let _ = stopping.send(());
    };
    let server = axum::serve(listener, http::router(state)).with_graceful_shutdown(signal);
    let out_of_time = async move {
        match stopped.await {
            Ok(()) => tokio::time::sleep(grace).await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        served = server => served.map(|()| Ended::Drained),
        () = out_of_time => Ok(Ended::CutOff),
    }
}
