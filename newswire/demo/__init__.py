"""The demo press: fictional outlets on loopback whose truth is known."""
