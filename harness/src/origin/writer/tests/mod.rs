mod blocked;
mod departure;
mod golden;
mod life;
mod program;
mod reader;
mod recording;
mod server;
