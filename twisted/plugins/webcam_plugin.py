"""Makes ``twistd webcam``."""

from twisted.application.service import ServiceMaker

webcam = ServiceMaker("webcam", "webcam.tap", "A web camera server: pictures, live frames and messages.", "webcam")
