"""What hears and speaks: a service with the transcription and speech endpoints of OpenAI, somebody's or one's own."""
