module helloserver

go 1.22
