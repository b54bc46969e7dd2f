module github.com/gostp/gostp

go 1.26
